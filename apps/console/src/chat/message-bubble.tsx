import type { Message } from '../api/api.types.js';
import { timeOf } from '../ui/times.js';
import { MessageText } from './message-text.js';

/** Stored, or still being said. */
type Shown =
  | (Pick<Message, 'role' | 'text' | 'createdAt' | 'editedAt' | 'status'> & { live?: never })
  | { role: 'character'; text: string; live: true };

interface Props {
  message: Shown;
  name: string;
  onRegenerate?: () => void;
}

const ENDINGS = { completed: '', cancelled: 'stopped', failed: 'broke off' };

export function MessageBubble({ message, name, onRegenerate }: Props) {
  const { role, text, live } = message;
  const notes = live
    ? []
    : [timeOf(message.createdAt), ENDINGS[message.status], message.editedAt === null ? '' : 'edited'];
  return (
    <article className={`bubble ${role}${live ? ' live' : ''}`}>
      <span className="hidden">{role === 'user' ? 'You said:' : `${name} said:`}</span>
      {text === '' ? (
        <span className="thinking" role="img" aria-label={`${name} is thinking`}>
          <i />
          <i />
          <i />
        </span>
      ) : (
        <MessageText text={text} />
      )}
      {!live && (
        <footer>
          <span>{notes.filter((note) => note !== '').join(' · ')}</span>
          {onRegenerate && (
            <button type="button" className="link" onClick={onRegenerate}>
              Regenerate
            </button>
          )}
        </footer>
      )}
    </article>
  );
}
