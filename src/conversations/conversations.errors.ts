import { defineErrors } from '../platform/errors/app-error.js';

export const conversationErrors = defineErrors('conversations', {
  'greeting-out-of-range': { kind: 'invalid', title: 'The character has no such greeting' },
  'seq-out-of-range': { kind: 'invalid', title: 'The conversation has no such message yet' },
  'empty-message': { kind: 'invalid', title: 'A message needs text or an attachment' },
  'parent-not-found': { kind: 'invalid', title: 'The message referred to is not in this conversation' },
  'generation-active': { kind: 'conflict', title: 'A reply is already being generated' },
  'already-completed': { kind: 'conflict', title: 'The generation has already ended' },
  'not-regenerable': { kind: 'conflict', title: 'This message has no reply to generate again' },
  'nothing-to-summarize': { kind: 'conflict', title: 'Nothing has been said in this conversation yet' },
});
