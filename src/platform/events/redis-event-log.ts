import { Logger } from '@nestjs/common';
import type { RedisClient } from '@rapport/redis';
import { newId } from '../ids/ids.js';
import { EventListeners } from './event-listeners.js';
import { APPEND_SCRIPT, NOTE_SCRIPT, READ_SCRIPT, RENEW_SCRIPT, SEAL_SCRIPT } from './event-log.lua.js';
import {
  EpochMovedError,
  KEPT_EVENTS,
  KEPT_MS,
  REPLAY_LIMIT,
  StreamClosedError,
  SYNC_RESET,
  type DeliveredEvent,
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

type StoredEvent = Omit<LogEvent, 'epoch' | 'seq'> & { room: string; last?: true };

interface LogCommands {
  rapportAppendEvent(
    events: string,
    head: string,
    epoch: string,
    event: string,
    kept: number,
    keptMs: number,
    channel: string,
    fact: number | '',
    follows: number | '',
    last: '0' | '1',
    expected: string,
    id: string,
    begins: '0' | '1',
  ): Promise<
    ['known', epoch: string] | ['behind' | 'closed' | 'moved'] | ['told', epoch: string, seq: number]
  >;
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
  rapportRenewEvents(
    events: string,
    head: string,
    epoch: string,
    event: string,
    keptMs: number,
    channel: string,
    lost: string,
    id: string,
  ): Promise<0 | 1>;
  rapportSealEvents(events: string, head: string, keptMs: number): Promise<1>;
  rapportNoteTold(key: string, fact: number, keptMs: number): Promise<1>;
}

type Order = Partial<Pick<Fact, 'fact' | 'follows' | 'last' | 'begins'>> & { expected?: string };

/** The log that instances share. Deadlines are its caller's. */
export class RedisEventLog implements EventLogStore {
  private readonly commands: RedisClient & LogCommands;
  private readonly listeners = new EventListeners();
  private readonly channel: string;
  private readonly logger = new Logger(RedisEventLog.name);

  /** @param prefix of every key and channel, e.g. `rapport:production` */
  constructor(
    commands: RedisClient,
    private readonly subscriber: RedisClient,
    private readonly prefix: string,
  ) {
    this.channel = `${prefix}:events`;
    commands.defineCommand('rapportAppendEvent', { numberOfKeys: 2, lua: APPEND_SCRIPT });
    commands.defineCommand('rapportReadEvents', { numberOfKeys: 2, lua: READ_SCRIPT });
    commands.defineCommand('rapportRenewEvents', { numberOfKeys: 2, lua: RENEW_SCRIPT });
    commands.defineCommand('rapportSealEvents', { numberOfKeys: 2, lua: SEAL_SCRIPT });
    commands.defineCommand('rapportNoteTold', { numberOfKeys: 1, lua: NOTE_SCRIPT });
    this.commands = commands as RedisClient & LogCommands;
    subscriber.on('message', this.receive);
  }

  /** Asks for the channel; to be called again after every reconnect. */
  async subscribe(): Promise<void> {
    await this.subscriber.subscribe(this.channel);
  }

  /** Whether a write is taken: a server that is full, or a replica, answers reads and refuses this. */
  async probe(): Promise<void> {
    await this.commands.set(`${this.prefix}:events:probe`, '1', 'PX', 1_000);
  }

  async append(event: NewEvent, expected?: string): Promise<LogEvent> {
    const stored = this.stamp(event);
    const [answer, epoch, seq] = await this.store(stored, { expected });
    if (answer === 'moved') throw new EpochMovedError(event.stream);
    if (answer !== 'told') throw new StreamClosedError(event.stream);
    return toLogEvent(stored, epoch, seq);
  }

  async begin(event: NewEvent): Promise<string> {
    const [answer, epoch] = await this.store(this.stamp(event), { begins: true });
    if (answer !== 'told' && answer !== 'known') throw new StreamClosedError(event.stream);
    return epoch;
  }

  async seal(stream: string): Promise<void> {
    await this.commands.rapportSealEvents(...this.keys(stream), KEPT_MS);
  }

  async drop(stream: string): Promise<void> {
    await this.commands.del(this.keys(stream)[0]);
  }

  async tell({ stream, id, ts, type, data, room = stream, ...order }: Fact): Promise<Telling> {
    const stored: StoredEvent = { stream, id, ts, type, data, room, ...(order.last ? { last: true } : {}) };
    const [answer] = await this.store(stored, order);
    return answer === 'told' || answer === 'behind' ? answer : 'known';
  }

  async noteTold(fact: number): Promise<void> {
    // Longer than the head of any stream, which is kept anew with everything that is appended.
    await this.commands.rapportNoteTold(this.toldKey, fact, 2 * KEPT_MS);
  }

  async newestTold(): Promise<number> {
    return Number((await this.commands.get(this.toldKey)) ?? 0);
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

  /** In one round trip; sent one by one where a Cluster spreads them over servers. */
  async heads(streams: readonly string[]): Promise<StreamHead[]> {
    const answers = await Promise.all(
      streams.map((stream) => this.commands.hmget(this.keys(stream)[1], 'epoch', 'seq', 'id', 'closed')),
    );
    return answers.map(([epoch, seq, id, closed]) => ({
      epoch: epoch ?? undefined,
      seq: Number(seq ?? 0),
      id: id ?? undefined,
      closed: closed === '1',
    }));
  }

  async renew(stream: string, lost: string | undefined, room: string): Promise<void> {
    const event = this.stamp({ stream, type: SYNC_RESET, data: {}, room });
    const keys = this.keys(stream);
    const json = JSON.stringify(event);
    await this.commands.rapportRenewEvents(
      ...keys,
      newId(),
      json,
      KEPT_MS,
      this.channel,
      lost ?? '',
      event.id,
    );
  }

  async signal(event: NewEvent): Promise<void> {
    await this.commands.publish(this.channel, `- 0 - ${JSON.stringify(this.stamp(event))}`);
  }

  listen(listener: EventListener): () => void {
    return this.listeners.add(listener);
  }

  listenTo(stream: string, listener: EventListener): () => void {
    return this.listeners.addTo(stream, listener);
  }

  close(): void {
    this.subscriber.off('message', this.receive);
    this.listeners.clear();
  }

  private store(
    event: StoredEvent,
    { fact, follows, last, begins, expected }: Order,
  ): ReturnType<LogCommands['rapportAppendEvent']> {
    return this.commands.rapportAppendEvent(
      ...this.keys(event.stream),
      newId(),
      JSON.stringify(event),
      KEPT_EVENTS,
      KEPT_MS,
      this.channel,
      fact ?? '',
      follows ?? '',
      last ? '1' : '0',
      expected ?? '',
      event.id,
      begins ? '1' : '0',
    );
  }

  private readonly receive = (channel: string, message: string): void => {
    if (channel !== this.channel) return;
    const delivered = toDelivered(message);
    if (delivered) this.listeners.tell(delivered);
    else
      this.logger.warn(`Something else is published on ${channel}; give each service its REDIS_KEY_PREFIX.`);
  };

  private stamp({ stream, type, data, room = stream }: NewEvent): StoredEvent {
    return { stream, id: newId(), ts: new Date().toISOString(), type, data, room };
  }

  private get toldKey(): string {
    return `${this.prefix}:events:told`;
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

/** `<epoch> <seq> <id of the event before> <event>`; `- 0 - <event>` for a signal. */
function toDelivered(message: string): DeliveredEvent | undefined {
  const [, epoch, seq, before, json] = /^(\S+) (\d+) (\S+) (\{.*)$/s.exec(message) ?? [];
  if (epoch === undefined || json === undefined) return undefined;
  try {
    const stored = JSON.parse(json) as StoredEvent;
    const event =
      seq === '0' ? { ...toLogEvent(stored, '', 0), seq: null } : toLogEvent(stored, epoch, Number(seq));
    const previous = before === '-' ? undefined : before;
    return { event, room: stored.room, previous, last: stored.last === true };
  } catch {
    return undefined;
  }
}
