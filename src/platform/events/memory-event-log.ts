import { newId } from '../ids/ids.js';
import { EventListeners } from './event-listeners.js';
import {
  EpochMovedError,
  KEPT_EVENTS,
  KEPT_MS,
  REPLAY_LIMIT,
  StreamClosedError,
  SYNC_RESET,
  type EventListener,
  type EventLogStore,
  type Fact,
  type LogEvent,
  type NewEvent,
  type Replay,
  type ReplayFrom,
  type StreamHead,
  type Telling,
} from './event-log.js';

interface Stream {
  readonly name: string;
  /** Of this stream alone: one that was forgotten and begins again must not pass for its former self. */
  epoch: string;
  head: number;
  /** The newest fact told. */
  fact: number;
  begun: boolean;
  sealed: boolean;
  closed: boolean;
  events: LogEvent[];
  touchedAt: number;
}

/** Bounds over all streams; those that were quiet longest go first. */
const MAX_EVENTS = 200_000;
const MAX_STREAMS = 50_000;

/** The log of a single process: same answers as the Redis one, gone with the process (a new epoch tells clients). */
export class MemoryEventLog implements EventLogStore {
  /** In order of last use: a Map keeps insertion order and `use` re-inserts. */
  private readonly streams = new Map<string, Stream>();
  private readonly listeners = new EventListeners();
  private size = 0;
  private noted = 0;

  constructor(private readonly now: () => number = Date.now) {}

  append(event: NewEvent, epoch?: string): Promise<LogEvent> {
    const stream = this.use(event.stream);
    if (epoch !== undefined && stream.epoch !== epoch)
      return Promise.reject(new EpochMovedError(event.stream));
    if (stream.closed || stream.sealed) return Promise.reject(new StreamClosedError(event.stream));
    return Promise.resolve(this.store(stream, event, this.stamp(event, stream.epoch, stream.head + 1)));
  }

  async begin(event: NewEvent): Promise<string> {
    const stream = this.use(event.stream);
    if (stream.begun && !stream.closed && !stream.sealed) return stream.epoch;
    const { epoch } = await this.append(event);
    stream.begun = true;
    return epoch;
  }

  seal(name: string): Promise<void> {
    this.use(name).sealed = true;
    return Promise.resolve();
  }

  drop(name: string): Promise<void> {
    const stream = this.streams.get(name);
    if (stream) this.size -= stream.events.splice(0).length;
    return Promise.resolve();
  }

  tell(fact: Fact): Promise<Telling> {
    const stream = this.use(fact.stream);
    if (stream.closed || stream.fact >= fact.fact) return Promise.resolve('known');
    if (fact.follows !== undefined && stream.fact < fact.follows) return Promise.resolve('behind');
    stream.fact = fact.fact;
    if (fact.begins && stream.begun) return Promise.resolve('known');
    stream.begun ||= fact.begins === true;
    stream.closed = fact.last === true;
    const { stream: name, id, ts, type, data } = fact;
    this.store(stream, fact, { stream: name, epoch: stream.epoch, seq: stream.head + 1, id, ts, type, data });
    return Promise.resolve('told');
  }

  noteTold(fact: number): Promise<void> {
    this.noted = Math.max(this.noted, fact);
    return Promise.resolve();
  }

  newestTold(): Promise<number> {
    return Promise.resolve(this.noted);
  }

  read(name: string, { epoch, after, limit = REPLAY_LIMIT }: ReplayFrom): Promise<Replay> {
    const { epoch: current, head, events: kept } = this.use(name);
    const found = { epoch: current, head, events: [] as LogEvent[], hasMore: false };
    if ((epoch !== undefined && epoch !== current) || after > head) {
      return Promise.resolve({ ...found, status: 'reset' });
    }
    const oldest = kept[0]?.seq ?? head + 1;
    if (after + 1 < oldest) return Promise.resolve({ ...found, status: 'gap' });
    const start = after + 1 - oldest;
    const events = kept.slice(start, start + limit);
    return Promise.resolve({ ...found, status: 'ok', events, hasMore: start + events.length < kept.length });
  }

  heads(streams: readonly string[]): Promise<StreamHead[]> {
    return Promise.resolve(
      streams.map((name) => {
        const stream = this.streams.get(name);
        const { epoch, head = 0, events, closed = false } = stream ?? {};
        return { epoch, seq: head, id: events?.at(-1)?.id, closed };
      }),
    );
  }

  async renew(stream: string, lost: string | undefined, room: string): Promise<void> {
    const known = this.streams.get(stream);
    if (known && known.epoch !== lost && known.head > 0) return;
    // One that was only opened meanwhile, by a reader, is kept.
    if (known && known.epoch === lost) this.forget(stream, known);
    const renewed = this.use(stream);
    if (known) {
      const { fact, sealed, closed } = known;
      Object.assign(renewed, { fact, sealed, closed });
    }
    const event = { stream, type: SYNC_RESET, data: {}, room };
    this.store(renewed, event, this.stamp(event, renewed.epoch, 1), false);
  }

  signal(event: NewEvent): Promise<void> {
    const { room = event.stream } = event;
    this.listeners.tell({ event: this.stamp(event, '', null), room, last: false });
    return Promise.resolve();
  }

  listen(listener: EventListener): () => void {
    return this.listeners.add(listener);
  }

  listenTo(stream: string, listener: EventListener): () => void {
    return this.listeners.addTo(stream, listener);
  }

  /** Forgets all events; those who listen go on doing so. */
  clear(): void {
    this.streams.clear();
    this.size = 0;
  }

  private store(
    stream: Stream,
    { room = stream.name }: NewEvent,
    event: LogEvent,
    last = stream.closed,
  ): LogEvent {
    const previous = stream.events.at(-1)?.id;
    stream.head += 1;
    stream.events.push(event);
    this.size += 1;
    if (stream.events.length > KEPT_EVENTS * 1.1) {
      this.size -= stream.events.length - KEPT_EVENTS;
      stream.events = stream.events.slice(-KEPT_EVENTS);
    }
    this.listeners.tell({ event, room, previous, last });
    return event;
  }

  private use(name: string): Stream {
    const stream = this.streams.get(name) ?? {
      name,
      epoch: newId(),
      head: 0,
      fact: 0,
      begun: false,
      sealed: false,
      closed: false,
      events: [],
      touchedAt: 0,
    };
    stream.touchedAt = this.now();
    this.streams.delete(name);
    this.streams.set(name, stream);
    this.forgetOldest();
    return stream;
  }

  private stamp({ stream, type, data }: NewEvent, epoch: string, seq: number | null): LogEvent {
    return { stream, epoch, seq, id: newId(), ts: new Date(this.now()).toISOString(), type, data };
  }

  private forgetOldest(): void {
    const expired = this.now() - KEPT_MS;
    for (const [name, stream] of this.streams) {
      const withinBounds = this.size <= MAX_EVENTS && this.streams.size <= MAX_STREAMS;
      if (withinBounds && stream.touchedAt > expired) return;
      this.forget(name, stream);
    }
  }

  private forget(name: string, stream: Stream): void {
    this.size -= stream.events.length;
    this.streams.delete(name);
  }
}
