import { useLayoutEffect, useRef } from 'react';
import { ProblemNotice } from '../ui/problem-notice.js';
import type { ChatState } from './chat-state.js';
import type { ChatSync } from './chat-sync.js';
import { MessageBubble } from './message-bubble.js';
import { OutboxBubble } from './outbox-bubble.js';

interface Props {
  state: ChatState;
  sync: ChatSync;
  name: string;
}

/** Nearer to the end than this, one is reading the newest; farther up, one is not to be moved. */
const NEAR_END_PX = 120;

export function MessageLog({ state, sync, name }: Props) {
  const { messages, outbox, reply, failure, hasBefore, loaded } = state;
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const box = list.current;
    if (box && atEnd.current) box.scrollTop = box.scrollHeight;
  }, [messages, outbox, reply, failure]);

  const oldestSeq = messages[0]?.seq;
  const newest = messages.at(-1);
  // Its stored message, or the variant that it takes the place of, may still be or already be in the list.
  const speaking = reply && !messages.some(({ generationId }) => generationId === reply.generationId);
  const shown = messages.filter(
    ({ role, parentId }) => !speaking || role === 'user' || parentId === null || parentId !== reply.parentId,
  );
  const quiet = !reply && outbox.length === 0;
  const unanswered = loaded && quiet && newest?.role === 'user' ? newest : undefined;

  return (
    <div
      className="log"
      ref={list}
      role="log"
      aria-live="polite"
      aria-busy={reply !== undefined}
      aria-label="Messages"
      // Focus lets the keyboard scroll it.
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
      }}
    >
      {hasBefore && oldestSeq !== undefined && (
        <button type="button" className="older" onClick={() => void sync.loadOlder(oldestSeq)}>
          Earlier messages
        </button>
      )}
      {shown.map((message) => (
        <MessageBubble
          key={message.id}
          message={message}
          name={name}
          onRegenerate={
            quiet && message === newest && message.role === 'character' && message.parentId !== null
              ? () => void sync.regenerate(message.id, message.parentId ?? undefined)
              : undefined
          }
        />
      ))}
      {outbox.map((entry) => (
        <OutboxBubble
          key={entry.clientMessageId}
          entry={entry}
          onRetry={() => void sync.send(entry.text, entry.clientMessageId)}
          onDiscard={() => sync.discard(entry.clientMessageId)}
        />
      ))}
      {speaking && (
        <MessageBubble name={name} message={{ role: 'character', text: reply.text, live: true }} />
      )}
      {failure && <ProblemNotice problem={failure} />}
      {unanswered && (
        <p className="unanswered">
          {failure ? '' : `${name} has not answered. `}
          <button type="button" onClick={() => void sync.regenerate(unanswered.id, unanswered.id)}>
            Ask again
          </button>
        </p>
      )}
    </div>
  );
}
