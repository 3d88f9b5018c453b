import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { CompletionInput } from '../ai.dto.js';
import type { CompletionRequest } from './completions.types.js';

/** @throws validation-failed without a word of the user */
export function requestOf({
  characterId,
  messages,
  reply = {},
}: CompletionInput): Omit<CompletionRequest, 'signal'> {
  const { mode: _mode, ...options } = reply;
  const instructions = messages.filter(({ role, text }) => role === 'system' && text.trim() !== '');
  const turns = messages.flatMap(({ role, text }) =>
    role === 'system' ? [] : [{ role: role === 'user' ? ('user' as const) : ('assistant' as const), text }],
  );
  if (!turns.some(({ role, text }) => role === 'user' && text.trim() !== '')) {
    const detail = 'must have a message of the user with some text';
    throw platformErrors['validation-failed'](`messages ${detail}.`, {
      errors: [{ pointer: '#/messages', code: 'no-user-message', detail }],
    });
  }
  return { ...options, characterId, instructions: instructions.map(({ text }) => text).join('\n\n'), turns };
}
