import { useEffect } from 'react';
import type { Page, CharacterSummary, User } from './api/api.types.js';
import { send } from './api/api-client.js';
import { useServices } from './api/services.js';
import { useResource } from './api/use-resource.js';
import { CharactersPage } from './characters/characters-page.js';
import { ChatPage } from './chat/chat-page.js';
import { ConnectionNotice } from './connection-notice.js';
import { ConversationList } from './conversations/conversation-list.js';
import { useConversations } from './conversations/use-conversations.js';
import { HOME, STATUS, useRoute } from './route.js';
import { StatusPage } from './status/status-page.js';
import { ProblemNotice } from './ui/problem-notice.js';

/** Everything behind the sign-in. */
export function Shell() {
  const { session, live } = useServices();
  const route = useRoute();
  const openId = route.page === 'chat' ? route.conversationId : undefined;
  const me = useResource<User>('/api/auth/me');
  const characters = useResource<Page<CharacterSummary>>('/api/characters?limit=100');
  const conversations = useConversations();

  useEffect(() => {
    live.open();
    return () => live.close();
  }, [live]);

  async function signOut(): Promise<void> {
    const { refreshToken } = session;
    session.end();
    if (refreshToken === null) return;
    try {
      await send('POST', '/api/auth/logout', { body: { refreshToken } });
    } catch (error) {
      // Signed out here in any case; there, the session expires by itself.
      console.warn('The session was not ended on the service.', error);
    }
  }

  return (
    <div className={`shell at-${route.page}`}>
      <nav className="sidebar" aria-label="Conversations">
        <header>
          <a className="brand" href={HOME}>
            <img src="/favicon.svg" alt="" width="26" height="26" /> Rapport
          </a>
          <a className="button small" href={HOME}>
            New chat
          </a>
        </header>
        <ConversationList {...conversations} openId={openId} />
        <footer>
          <span className="who" title={me.data?.email ?? undefined}>
            {me.data?.displayName ?? '…'}
          </span>
          <a href={STATUS} aria-current={route.page === 'status' ? 'page' : undefined}>
            Status
          </a>
          <button type="button" className="link" onClick={() => void signOut()}>
            Sign out
          </button>
        </footer>
      </nav>
      <main>
        <ConnectionNotice />
        {me.problem && me.problem.status !== 0 && <ProblemNotice problem={me.problem} />}
        {route.page === 'home' && <CharactersPage {...characters} onStarted={conversations.reload} />}
        {route.page === 'status' && <StatusPage characters={characters.data?.items ?? []} />}
        {openId && <ChatPage key={openId} conversationId={openId} onActivity={conversations.reload} />}
      </main>
    </div>
  );
}
