import { plainText } from '../chat/text-runs.js';
import { chatHref } from '../route.js';
import { Avatar } from '../ui/avatar.js';
import { ProblemNotice } from '../ui/problem-notice.js';
import { momentOf } from '../ui/times.js';
import type { Conversations } from './use-conversations.js';

export function ConversationList({
  items,
  problem,
  showMore,
  reload,
  openId,
}: Conversations & { openId?: string }) {
  if (!items && problem) {
    return (
      <ProblemNotice problem={problem}>
        <button type="button" onClick={reload}>
          Try again
        </button>
      </ProblemNotice>
    );
  }
  return (
    <ul className="conversations">
      {items?.length === 0 && <li className="muted empty">Your conversations appear here.</li>}
      {items?.map(({ id, title, lastMessagePreview, lastActivityAt, unread }) => {
        const isOpen = id === openId;
        // What is open is being read.
        const news = isOpen ? 0 : unread;
        return (
          <li key={id}>
            <a href={chatHref(id)} aria-current={isOpen ? 'page' : undefined}>
              <Avatar name={title} />
              <span className="title">{title}</span>
              <time dateTime={lastActivityAt}>{momentOf(lastActivityAt)}</time>
              <span className="preview">{plainText(lastMessagePreview)}</span>
              {news > 0 && (
                <span className="badge">
                  {news}
                  <span className="hidden"> unread</span>
                </span>
              )}
            </a>
          </li>
        );
      })}
      {showMore && (
        <li>
          <button type="button" className="link" onClick={showMore}>
            Show more
          </button>
        </li>
      )}
    </ul>
  );
}
