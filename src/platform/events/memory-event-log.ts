import { newId } from '../ids/ids.js';
import {
  KEPT_EVENTS,
  KEPT_MS,
  REPLAY_LIMIT,
  type EventListener,
  type EventLogStore,
  type LogEvent,
  type NewEvent,
  type Replay,
  type ReplayFrom,
} from './event-log.js';

interface Stream {
  /** Of this stream alone: one that was forgotten and begins again must not pass for its former self. */
  epoch: string;
  head: number;
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
  private readonly listeners = new Set<EventListener>();
  private size = 0;

  constructor(private readonly now: () => number = Date.now) {}

  append(event: NewEvent): Promise<LogEvent> {
    const stream = this.use(event.stream);
    stream.head += 1;
    const stored = this.stamp(event, stream.epoch, stream.head);
    stream.events.push(stored);
    this.size += 1;
    if (stream.events.length > KEPT_EVENTS * 1.1) {
      this.size -= stream.events.length - KEPT_EVENTS;
      stream.events = stream.events.slice(-KEPT_EVENTS);
    }
    this.tell(stored, event.room);
    return Promise.resolve(stored);
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

  signal(event: NewEvent): Promise<void> {
    this.tell(this.stamp(event, '', null), event.room);
    return Promise.resolve();
  }

  listen(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private use(name: string): Stream {
    const stream = this.streams.get(name) ?? { epoch: newId(), head: 0, events: [], touchedAt: 0 };
    stream.touchedAt = this.now();
    this.streams.delete(name);
    this.streams.set(name, stream);
    this.forgetOldest();
    return stream;
  }

  private stamp({ stream, type, data }: NewEvent, epoch: string, seq: number | null): LogEvent {
    return { stream, epoch, seq, id: newId(), ts: new Date(this.now()).toISOString(), type, data };
  }

  private tell(event: LogEvent, room = event.stream): void {
    for (const listener of this.listeners) listener({ event, room });
  }

  private forgetOldest(): void {
    const expired = this.now() - KEPT_MS;
    for (const [name, stream] of this.streams) {
      const withinBounds = this.size <= MAX_EVENTS && this.streams.size <= MAX_STREAMS;
      if (withinBounds && stream.touchedAt > expired) return;
      this.size -= stream.events.length;
      this.streams.delete(name);
    }
  }
}
