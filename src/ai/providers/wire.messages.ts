import type { ChatMessage } from '../ai.types.js';

export interface WireMessage {
  role: ChatMessage['role'];
  content: string;
}

/** Neighbours of one role joined: many chat templates refuse a second system message or two user turns in a row. */
export function wireMessages(messages: readonly ChatMessage[]): WireMessage[] {
  const wire: WireMessage[] = [];
  for (const { role, content } of messages) {
    const last = wire.at(-1);
    if (last?.role === role) last.content += `\n\n${content}`;
    else wire.push({ role, content });
  }
  return wire;
}
