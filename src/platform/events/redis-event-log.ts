import type { Redis } from 'ioredis';
import { newId } from '../ids/ids.js';
import { APPEND_SCRIPT, READ_SCRIPT } from './append.lua.js';
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

type StoredEvent = Omit<LogEvent, 'epoch' | 'seq'> & { room: string };

interface LogCommands {
  rapportAppendEvent(
    events: string,
    head: string,
    epoch: string,
    reset: '0' | '1',
    event: string,
    kept: number,
    keptMs: number,
    channel: string,
  ): Promise<[epoch: string, seq: number]>;
  rapportReadEvents(
    events: string,
    head: string,
    epoch: string,
    after: number,
    limit: number,
    keptMs: number,
  ): Promise<
    [epoch: string, head: number, oldest: number, entries: [id: string, fields: [string, string]][]]
  >;
}

/** The log that instances share. Commands have their deadline in the connection (`commandTimeout`). */
export class RedisEventLog implements EventLogStore {
  private readonly commands: Redis & LogCommands;
  private readonly listeners = new Set<EventListener>();
  private readonly channel: string;

  /** @param prefix of every key and channel, e.g. `rapport:production` */
  constructor(
    commands: Redis,
    private readonly subscriber: Redis,
    private readonly prefix: string,
  ) {
    this.channel = `${prefix}:events`;
    commands.defineCommand('rapportAppendEvent', { numberOfKeys: 2, lua: APPEND_SCRIPT });
    commands.defineCommand('rapportReadEvents', { numberOfKeys: 2, lua: READ_SCRIPT });
    this.commands = commands as Redis & LogCommands;
    subscriber.on('message', this.receive);
  }

  /** Asks for the channel; to be called again after every reconnect. */
  async subscribe(): Promise<void> {
    await this.subscriber.subscribe(this.channel);
  }

  async append(event: NewEvent, { newEpoch = false } = {}): Promise<LogEvent> {
    const stored = this.stamp(event);
    const [epoch, seq] = await this.commands.rapportAppendEvent(
      ...this.keys(event.stream),
      newId(),
      newEpoch ? '1' : '0',
      JSON.stringify(stored),
      KEPT_EVENTS,
      KEPT_MS,
      this.channel,
    );
    return toLogEvent(stored, epoch, seq);
  }

  async read(stream: string, { epoch, after, limit = REPLAY_LIMIT }: ReplayFrom): Promise<Replay> {
    const [current, head, oldest, entries] = await this.commands.rapportReadEvents(
      ...this.keys(stream),
      newId(),
      after,
      limit,
      KEPT_MS,
    );
    const found = { epoch: current, head, events: [] as LogEvent[], hasMore: false };
    if ((epoch !== undefined && epoch !== current) || after > head) return { ...found, status: 'reset' };
    if (after < head && (oldest === 0 || after + 1 < oldest)) return { ...found, status: 'gap' };
    const events = entries.map(([id, [, json]]) =>
      toLogEvent(JSON.parse(json) as StoredEvent, current, Number.parseInt(id, 10)),
    );
    return { ...found, status: 'ok', events, hasMore: after + events.length < head };
  }

  async signal(event: NewEvent): Promise<void> {
    await this.commands.publish(this.channel, `- 0 ${JSON.stringify(this.stamp(event))}`);
  }

  listen(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.subscriber.off('message', this.receive);
    this.listeners.clear();
  }

  private readonly receive = (channel: string, message: string): void => {
    if (channel !== this.channel) return;
    const epochEnd = message.indexOf(' ');
    const seqEnd = message.indexOf(' ', epochEnd + 1);
    const stored = JSON.parse(message.slice(seqEnd + 1)) as StoredEvent;
    const seq = Number(message.slice(epochEnd + 1, seqEnd));
    const event =
      seq === 0
        ? { ...toLogEvent(stored, '', 0), seq: null }
        : toLogEvent(stored, message.slice(0, epochEnd), seq);
    for (const listener of this.listeners) listener({ event, room: stored.room });
  };

  private stamp({ stream, type, data, room = stream }: NewEvent): StoredEvent {
    return { stream, id: newId(), ts: new Date().toISOString(), type, data, room };
  }

  /** Both in one slot of a Redis Cluster. */
  private keys(stream: string): [events: string, head: string] {
    return [`${this.prefix}:events:{${stream}}`, `${this.prefix}:events:{${stream}}:head`];
  }
}

const toLogEvent = ({ stream, id, ts, type, data }: StoredEvent, epoch: string, seq: number): LogEvent => ({
  stream,
  epoch,
  seq,
  id,
  ts,
  type,
  data,
});
