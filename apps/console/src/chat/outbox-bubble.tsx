import type { OutboxMessage } from './chat-state.js';
import { MessageText } from './message-text.js';

interface Props {
  entry: OutboxMessage;
  onRetry: () => void;
  onDiscard: () => void;
}

/** A message that the service is not known to have. */
export function OutboxBubble({ entry: { text, state, problem }, onRetry, onDiscard }: Props) {
  return (
    <article className={`bubble user outbox ${state}`}>
      <MessageText text={text} />
      <footer>
        {state === 'sending' && <span>Sending…</span>}
        {state === 'unsent' && <span>Not sent yet</span>}
        {state === 'refused' && (
          <span role="alert">
            {problem?.title}. {problem?.detail}
          </span>
        )}
        {state !== 'sending' && (
          <>
            <button type="button" className="link" onClick={onRetry}>
              Retry
            </button>
            <button type="button" className="link" onClick={onDiscard}>
              Discard
            </button>
          </>
        )}
      </footer>
    </article>
  );
}
