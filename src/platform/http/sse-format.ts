import type { Problem } from './problem.js';

/** One server-sent event; `data` is sent as one JSON document. */
export interface SseEvent {
  id?: string;
  event: string;
  data: unknown;
}

/** What a stream of events looks like on the wire. */
export interface SseFormat {
  /** Before the first event. */
  opening: string;
  event(event: SseEvent): string;
  /** The last words to a client that has to go elsewhere. */
  shutdown: string;
  /** The last words of a stream that failed. */
  failure(problem: Problem): string;
}

const oneLine = (text: string): string => text.replace(/[\r\n\0]/g, '');

const named = ({ id, event, data }: SseEvent): string => {
  const head = id === undefined ? '' : `id: ${oneLine(id)}\n`;
  // JSON has no raw line breaks, so one data line is enough.
  return `${head}event: ${oneLine(event)}\ndata: ${JSON.stringify(data ?? null)}\n\n`;
};

/** Named events for `EventSource`: `shutdown` and `error` are the service's own (contract 2.0.7). */
export const NAMED_EVENTS: SseFormat = {
  opening: 'retry: 2000\n\n',
  event: named,
  shutdown: named({ event: 'shutdown', data: {} }),
  failure: (problem) => named({ event: 'error', data: problem }),
};
