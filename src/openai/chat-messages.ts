import type { Turn } from '../ai/completions/completions.types.js';
import { invalid, isFields, unsupported } from './request-fields.js';

const MAX_MESSAGES = 2_000;

interface Conversation {
  /** What `system` and `developer` messages say, wherever they stand. */
  instructions: string;
  turns: Turn[];
}

/** @throws validation-failed, unsupported-parameter */
export function readMessages(messages: unknown): Conversation {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw invalid('messages', 'must be a list with at least one message');
  }
  if (messages.length > MAX_MESSAGES) throw invalid('messages', `can be at most ${MAX_MESSAGES}`);
  const instructions: string[] = [];
  const turns: Turn[] = [];
  for (const [index, message] of (messages as unknown[]).entries()) {
    const path = `messages[${index}]`;
    if (!isFields(message)) throw invalid(path, 'must be an object');
    const text = textOf(message.content, `${path}.content`);
    switch (message.role) {
      case 'system':
      case 'developer':
        instructions.push(text);
        break;
      case 'user':
      case 'assistant':
        if (message.tool_calls != null) throw unsupported(`${path}.tool_calls`, 'are not supported');
        turns.push({ role: message.role, text });
        break;
      case 'tool':
      case 'function':
        throw unsupported(`${path}.role`, `cannot be "${message.role}": characters call no tools`);
      default:
        throw invalid(`${path}.role`, 'must be system, developer, user or assistant');
    }
  }
  if (!turns.some(({ role, text }) => role === 'user' && text.trim() !== '')) {
    throw invalid('messages', 'must have a message of the user with some text');
  }
  return { instructions: instructions.filter((text) => text.trim() !== '').join('\n\n'), turns };
}

function textOf(content: unknown, path: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw invalid(path, 'must be a text or a list of text parts');
  return (content as unknown[])
    .map((part, index) => {
      const at = `${path}[${index}]`;
      if (!isFields(part)) throw invalid(at, 'must be an object');
      if (part.type !== 'text') throw unsupported(`${at}.type`, 'can only be "text"');
      if (typeof part.text !== 'string') throw invalid(`${at}.text`, 'must be a text');
      return part.text;
    })
    .join('');
}
