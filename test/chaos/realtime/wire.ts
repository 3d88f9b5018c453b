import type { Message, Problem } from '../../support/api-client.js';

/** What a server event carries; which of these depends on its type. */
export interface EventData {
  generationId?: string;
  messageId?: string;
  parentId?: string | null;
  offset?: number;
  text?: string;
  message?: Message | null;
  /** Of a message: whether it is on the path that is shown. */
  active?: boolean;
  error?: Problem;
  finishReason?: string;
}

/** A durable event as a client gets it, live or replayed. */
export interface StreamEvent {
  stream: string;
  epoch: string;
  seq: number;
  id: string;
  type: string;
  data: EventData;
}

/** How much of a stream a client has seen. */
export interface Position {
  epoch: string;
  seq: number;
}

/** One stream of the ack of `sync:resume`. */
export interface Resumed {
  stream: string;
  /** Null, as are the numbers, where nothing was ever told. */
  epoch: string | null;
  status: 'ok' | 'gap' | 'reset' | 'forbidden';
  from: number | null;
  to: number | null;
  events: StreamEvent[];
  hasMore: boolean;
  snapshot: string | null;
}

/** What a client asks `sync:resume` about a stream; without a position it joins at the head. */
export interface ResumeRequest {
  stream: string;
  epoch?: string;
  after?: number;
}

export const SYNC_RESET = 'sync.reset';
export const REPLY = /^reply\./;

export const conversationStream = (conversationId: string): string => `conversation:${conversationId}`;
export const generationStream = (generationId: string): string => `generation:${generationId}`;
export const subjectOf = (stream: string): string => stream.slice(stream.indexOf(':') + 1);

/** Where broken promises go. */
export type Complain = (what: string) => void;

/** What may have been lost in the outages so far, and so must not be complained about. */
export interface Allowances {
  /** A log: Redis was away, or emptied. */
  mayReset: () => boolean;
  /** Both the log of a reply and the process that wrote it. */
  mayLoseTail: () => boolean;
}

export const NOTHING_LOST: Allowances = { mayReset: () => false, mayLoseTail: () => false };
