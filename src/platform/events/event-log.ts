/**
 * What every client event looks like on the wire (contract 2.0-S). Durable events carry the stream's own `seq`;
 * ephemeral ones (typing, presence) carry `null` and are never replayed.
 */
export interface LogEvent {
  stream: string;
  /** Changes when the stream's log was lost: a client that sees another epoch starts over from REST. */
  epoch: string;
  seq: number | null;
  id: string;
  /** RFC 3339 UTC with milliseconds. */
  ts: string;
  type: string;
  data: unknown;
}

export interface NewEvent {
  stream: string;
  type: string;
  data: unknown;
  /** Sockets in this room receive it; the stream's own name unless told otherwise. */
  room?: string;
}

/** An event together with its audience, as every instance's listeners get it. */
export interface DeliveredEvent {
  event: LogEvent;
  room: string;
}

export type EventListener = (delivered: DeliveredEvent) => void;

export interface Replay {
  /** ok: exactly `after+1..to`. gap: the oldest retained event is younger than `after+1`. reset: another epoch. */
  status: 'ok' | 'gap' | 'reset';
  epoch: string;
  /** Sequence of the stream's newest event; 0 when it has none. */
  head: number;
  events: LogEvent[];
  /** More events after the last one here are kept. */
  hasMore: boolean;
}

export interface ReplayFrom {
  /** What the client has seen. An epoch that is not given is taken as the current one. */
  epoch?: string;
  after: number;
  /** @default 200 */
  limit?: number;
}

/** Events kept per stream, and for how long after the stream's last event (contract 2.0.8). */
export const KEPT_EVENTS = 5_000;
export const KEPT_MS = 24 * 60 * 60 * 1_000;
export const REPLAY_LIMIT = 200;

/**
 * Where events are kept and how they reach the other instances. `append` allocates the sequence number and stores the
 * event in one atomic step, so that no number is given twice and none is given to an event that was not stored.
 */
export interface EventLogStore {
  append(event: NewEvent): Promise<LogEvent>;
  read(stream: string, from: ReplayFrom): Promise<Replay>;
  /** Tells every instance, stores nothing. */
  signal(event: NewEvent): Promise<void>;
  listen(listener: EventListener): () => void;
}
