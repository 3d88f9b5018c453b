import { useEffect, useEffectEvent } from 'react';
import type { ConversationSummary } from '../api/api.types.js';
import { useResource } from '../api/use-resource.js';
import { HOME } from '../route.js';
import { Avatar } from '../ui/avatar.js';
import { ProblemNotice } from '../ui/problem-notice.js';
import { Allowance } from './allowance.js';
import { Composer } from './composer.js';
import { MessageLog } from './message-log.js';
import { useChat } from './use-chat.js';

interface Props {
  conversationId: string;
  onActivity: () => void;
}

export function ChatPage({ conversationId, onActivity }: Props) {
  const conversation = useResource<ConversationSummary>(`/api/conversations/${conversationId}`);
  const { state, problem, usage, sync } = useChat(conversationId);
  const { reply, messages } = state;
  const newestId = messages.at(-1)?.id;
  const tellActivity = useEffectEvent(onActivity);
  useEffect(() => {
    if (newestId !== undefined) tellActivity();
  }, [newestId]);

  // Read before it existed here or after it was deleted, the conversation itself says so best.
  const obstacle = conversation.problem ?? problem;
  const name = conversation.data?.title ?? '';
  return (
    <section className="chat" aria-label={name === '' ? 'Conversation' : `Conversation with ${name}`}>
      <header>
        <a className="back" href={HOME} aria-label="Back to all conversations">
          ←
        </a>
        <Avatar name={name} />
        <h1>{name}</h1>
        {conversation.data && (
          <Allowance
            characterId={conversation.data.characterId}
            newest={usage}
            // A reply that is over may have been charged, or given back.
            round={`${reply?.generationId ?? ''} ${newestId ?? ''}`}
          />
        )}
      </header>
      {obstacle && (
        <ProblemNotice problem={obstacle}>
          <button
            type="button"
            onClick={() => {
              conversation.reload();
              void sync?.sync();
            }}
          >
            Try again
          </button>
        </ProblemNotice>
      )}
      {sync && <MessageLog state={state} sync={sync} name={name} />}
      <Composer
        disabled={conversation.problem?.status === 404}
        name={name}
        replying={reply !== undefined}
        onSend={(text) => void sync?.send(text)}
        onStop={() => {
          if (reply) void sync?.cancel(reply.generationId);
        }}
      />
    </section>
  );
}
