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

/**
 * An event that stands for something in the database. Facts of a stream are numbered in the order of their commits, so
 * that telling one again is recognised, and telling one before an earlier one is refused.
 */
export interface Fact extends NewEvent {
  /** The event's id, the same however often it is told. */
  id: string;
  ts: string;
  /** Rises with every fact of the stream; not without holes. */
  fact: number;
  /** The fact before it that may not have been told yet. */
  follows?: number;
  /** The stream's last event: nothing is appended after it. */
  last?: boolean;
  /** Told only where nothing has begun the stream's epoch yet, see {@link EventLogStore.begin}. */
  begins?: boolean;
}

/**
 * told: appended. known: it was before. behind: the fact it follows was not told yet; tell that first, then this one
 * without `follows`.
 */
export type Telling = 'told' | 'known' | 'behind';

/** An event together with its audience, as every instance's listeners get it. */
export interface DeliveredEvent {
  event: LogEvent;
  room: string;
  /** The id of the stream's event before it; undefined for a signal and where the log does not know. */
  previous?: string;
  /** The stream ended with it. */
  last: boolean;
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

/** Where a stream stands. */
export interface StreamHead {
  /** Undefined when the log knows nothing of the stream. */
  epoch: string | undefined;
  seq: number;
  /** Of the newest event: the same number may stand for another one in a log that has lost its newest writes. */
  id: string | undefined;
  /** The stream has had its last event. */
  closed: boolean;
}

/** Events kept per stream, and for how long after the stream's last event (contract 2.0.8). */
export const KEPT_EVENTS = 5_000;
export const KEPT_MS = 24 * 60 * 60 * 1_000;
export const REPLAY_LIMIT = 200;

/** The first event of an epoch that began because the one before was lost; clients refetch. */
export const SYNC_RESET = 'sync.reset';

/** Appending to a stream whose last event was told: whoever does so has not noticed that it is over. */
export class StreamClosedError extends Error {
  constructor(stream: string) {
    super(`The stream ${stream} has ended; nothing is appended to it.`);
    this.name = 'StreamClosedError';
  }
}

/** The stream is in another epoch than the event belongs to: what was appended before it is not in the log any more. */
export class EpochMovedError extends Error {
  constructor(stream: string) {
    super(`The events of ${stream} were lost; tell what matters of them first.`);
    this.name = 'EpochMovedError';
  }
}

/**
 * Where events are kept and how they reach the other instances. `append` allocates the sequence number and stores the
 * event in one atomic step, so that no number is given twice and none is given to an event that was not stored.
 */
export interface EventLogStore {
  /**
   * @param epoch the one that the event goes on from; any when it stands for itself
   * @throws StreamClosedError after the stream's last event; EpochMovedError
   */
  append(event: NewEvent, epoch?: string): Promise<LogEvent>;
  /**
   * Appends what the stream's events stand on, once in an epoch: where it is there already, nothing is.
   * @returns the epoch that goes on from it
   * @throws StreamClosedError
   */
  begin(event: NewEvent): Promise<string>;
  /** From now on only facts are appended: whoever still writes has been given up, and finds the stream closed. */
  seal(stream: string): Promise<void>;
  tell(fact: Fact): Promise<Telling>;
  /** Keeps the largest number given, longer than any stream: facts of all streams were told up to it. */
  noteTold(fact: number): Promise<void>;
  /** What was noted last; 0 when nothing is known. */
  newestTold(): Promise<number>;
  /** Forgets the stream's events, not that there were some: whoever reads on finds a gap. */
  drop(stream: string): Promise<void>;
  read(stream: string, from: ReplayFrom): Promise<Replay>;
  heads(streams: readonly string[]): Promise<StreamHead[]>;
  /**
   * Tells whoever follows the stream that what they knew is lost, with {@link SYNC_RESET} as the first event of an epoch
   * other than `lost`. Does nothing when another epoch has events already. A stream that has ended stays ended.
   */
  renew(stream: string, lost: string | undefined, room: string): Promise<void>;
  /** Tells every instance, stores nothing. */
  signal(event: NewEvent): Promise<void>;
  listen(listener: EventListener): () => void;
  /** Only the events of one stream. */
  listenTo(stream: string, listener: EventListener): () => void;
}
