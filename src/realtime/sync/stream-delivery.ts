import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../../platform/events/event-log.service.js';
import type { DeliveredEvent, LogEvent, StreamHead } from '../../platform/events/event-log.js';
import { Audience } from './audience.js';

interface Position {
  room: string;
  /** Undefined until the stream has one. */
  epoch: string | undefined;
  seq: number;
  /** Of the event there; undefined where it is not known. */
  id: string | undefined;
  /** Events that came while the log is asked; undefined when nothing is asked. */
  held: DeliveredEvent[] | undefined;
  /** Settles when the log has been asked. */
  asking: Promise<void> | undefined;
}

/** A stream is compared with the log this often, for an announcement may be lost without anything to show for it. */
const CHECK_EVERY_MS = 10_000;
const CHECKED_AT_ONCE = 500;
/** Events held during a repair; what comes on top is found in the log. */
const MAX_HELD = 1_000;
/** An epoch that began without this instance is told from its beginning up to here, beyond it from its newest event. */
const MAX_RETOLD = 50;

/**
 * Brings events to the sockets of this instance, each stream in order and complete: the log's announcements are hints,
 * and wherever one is missing (a gap in the numbers, a connection that was lost, silence) the log itself is read. Where
 * the log was lost, its stream begins another epoch, and clients learn that they have to fetch.
 */
@Injectable()
export class StreamDelivery implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(StreamDelivery.name);
  private readonly positions = new Map<string, Position>();
  /** Streams that are told in a room besides its own. */
  private readonly others = new Map<string, Set<string>>();
  private stops: (() => void)[] = [];
  private checks?: NodeJS.Timeout;
  private checking = false;
  private delivered = 0;
  private repaired = 0;

  constructor(
    private readonly log: EventLog,
    private readonly audience: Audience,
  ) {}

  onModuleInit(): void {
    this.stops = [
      this.log.listen((delivered) => this.receive(delivered)),
      this.log.onBack(() => void this.check()),
    ];
    this.audience.onFollowing((stream, room) => this.watch(stream, room));
    this.audience.onLeft((room) => this.forgetRoom(room));
    this.audience.reachBy((stream, position) => this.reach(stream, position));
    if (this.log.isShared) this.checks = setInterval(() => void this.check(), CHECK_EVERY_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.checks);
    this.stops.forEach((stop) => stop());
  }

  /** Events brought to rooms of this instance, and how many of them had to be looked up. */
  get counts(): { delivered: number; repaired: number; streams: number } {
    return { delivered: this.delivered, repaired: this.repaired, streams: this.positions.size };
  }

  private receive(delivered: DeliveredEvent): void {
    const { event, room } = delivered;
    if (!this.audience.has(room)) return;
    if (event.seq === null) return this.audience.emit(delivered);
    const position = this.positions.get(event.stream) ?? this.meet(delivered);
    if (position.held) {
      if (position.held.length < MAX_HELD) position.held.push(delivered);
      return;
    }
    if (isNext(delivered, position)) this.deliver(delivered, position);
    else if (!isKnown(event, position))
      this.ask(event.stream, position, () => this.repair(event.stream, position));
  }

  private deliver(delivered: DeliveredEvent, position: Position): void {
    const { event, room, last } = delivered;
    position.epoch = event.epoch;
    position.seq = event.seq ?? position.seq;
    position.id = event.id;
    this.delivered += 1;
    this.audience.emit(delivered);
    if (!last) return;
    this.forget(event.stream);
    if (event.stream === room) this.audience.close(room);
  }

  /**
   * A stream that nobody has asked for yet. A room's own is watched since somebody joined; any other begins here, and is
   * read from its beginning when this is not its first event.
   */
  private meet({ event, room }: DeliveredEvent): Position {
    const seq = event.stream === room ? (event.seq ?? 1) - 1 : 0;
    return this.keep(event.stream, { room, epoch: event.epoch, seq, id: undefined });
  }

  private watch(stream: string, room: string): void {
    if (this.positions.has(stream)) return;
    const position = this.keep(stream, { room, epoch: undefined, seq: 0, id: undefined });
    this.ask(stream, position, async () => {
      const [head] = await this.log.heads([stream]);
      if (head) Object.assign(position, { epoch: head.epoch, seq: head.seq, id: head.id });
    });
  }

  /**
   * A client was told of events that are not announced here yet: they are told to the others now, while that client's
   * are held, and not again when the announcement comes.
   */
  private async reach(stream: string, { epoch, seq }: { epoch: string; seq: number }): Promise<void> {
    const isThere = (position: Position): boolean => position.epoch === epoch && position.seq >= seq;
    for (let tries = 0; tries < 2; tries++) {
      const position = this.positions.get(stream);
      await position?.asking;
      // While the log is this process's own, nothing is on its way.
      if (!position || this.log.degraded || isThere(position)) return;
      this.ask(stream, position, () => this.repair(stream, position));
      await position.asking;
    }
  }

  /** Holds the stream's events while `work` asks the log, then goes on with them. */
  private ask(stream: string, position: Position, work: () => Promise<void>): void {
    if (position.held) return;
    position.held = [];
    position.asking = work()
      .catch((error: unknown) => {
        this.logger.warn(
          { err: error, stream },
          'A stream could not be compared with the log; tried again later',
        );
      })
      .finally(() => {
        const held = position.held ?? [];
        position.held = undefined;
        position.asking = undefined;
        if (this.positions.get(stream) === position) held.forEach((delivered) => this.receive(delivered));
      });
  }

  /** What the log has after the position; the event there is read, too, to see that it is still the same. */
  private async repair(stream: string, position: Position): Promise<void> {
    for (let more = true; more;) {
      const { id } = position;
      const known = id !== undefined && position.seq > 0;
      const after = known ? position.seq - 1 : position.seq;
      const { status, epoch, events, hasMore } = await this.log.read(stream, {
        epoch: position.epoch,
        after,
      });
      const missed = known ? events.slice(1) : events;
      if (status !== 'ok' || (known && events[0]?.id !== id)) return this.startOver(stream, position);
      position.epoch = epoch;
      this.bring(missed, position);
      more = hasMore;
    }
  }

  /**
   * Clients learn of another epoch from its first event. One that has gone on for long is told from its newest: who has
   * followed it elsewhere sees a gap in the numbers and asks.
   */
  private async startOver(stream: string, position: Position): Promise<void> {
    await this.log.renew(stream, position.epoch, position.room);
    const { epoch, head, events } = await this.log.read(stream, { after: 0, limit: MAX_RETOLD });
    if (head === events.length) return this.bring(events, position);
    const newest = await this.log.read(stream, { epoch, after: Math.max(0, head - 1) });
    this.bring(newest.events.slice(-1), position);
  }

  /** The log does not keep whether an event is the last one; the next comparison forgets a stream that has ended. */
  private bring(events: readonly LogEvent[], position: Position): void {
    this.repaired += events.length;
    for (const event of events) this.deliver({ event, room: position.room, last: false }, position);
  }

  /** Compares every followed stream with the log. */
  private async check(): Promise<void> {
    if (this.checking || this.log.degraded) return;
    this.checking = true;
    try {
      const streams = [...this.positions.keys()];
      for (let at = 0; at < streams.length; at += CHECKED_AT_ONCE) {
        await this.checkSome(streams.slice(at, at + CHECKED_AT_ONCE));
      }
    } catch (error) {
      this.logger.warn({ err: error }, 'Streams could not be compared with the log; tried again later');
    } finally {
      this.checking = false;
    }
  }

  private async checkSome(streams: readonly string[]): Promise<void> {
    const before = streams.map((stream) => ({ ...this.positions.get(stream) }));
    const heads = await this.log.heads(streams);
    streams.forEach((stream, at) => {
      const position = this.positions.get(stream);
      const then = before[at];
      // One that has moved since is alive, and compared again next time.
      const isStill =
        position && !position.held && position.epoch === then?.epoch && position.seq === then?.seq;
      const head = heads[at];
      if (!isStill || !head) return;
      if (isAt(position, head)) {
        // One that ended while it was asked for, or before: nothing will happen there any more.
        if (head.closed) this.forget(stream);
        return;
      }
      this.ask(stream, position, () => this.repair(stream, position));
    });
  }

  private keep(
    stream: string,
    { room, epoch, seq, id }: Pick<Position, 'room' | 'epoch' | 'seq' | 'id'>,
  ): Position {
    const position: Position = { room, epoch, seq, id, held: undefined, asking: undefined };
    this.positions.set(stream, position);
    if (stream !== room) this.others.set(room, (this.others.get(room) ?? new Set()).add(stream));
    return position;
  }

  private forget(stream: string): void {
    const room = this.positions.get(stream)?.room;
    this.positions.delete(stream);
    if (room === undefined) return;
    const others = this.others.get(room);
    others?.delete(stream);
    if (others?.size === 0) this.others.delete(room);
  }

  private forgetRoom(room: string): void {
    if (this.positions.get(room)?.room === room) this.positions.delete(room);
    for (const stream of this.others.get(room) ?? []) this.positions.delete(stream);
    this.others.delete(room);
  }
}

/** One that goes on from the event told before it, or begins an epoch; a number alone does not say so. */
const isNext = ({ event, previous }: DeliveredEvent, { epoch, seq, id }: Position): boolean =>
  event.epoch === epoch
    ? event.seq === seq + 1 && (id === undefined || previous === undefined || previous === id)
    : event.seq === 1;

const isKnown = (event: LogEvent, { epoch, seq, id }: Position): boolean =>
  event.epoch === epoch &&
  event.seq !== null &&
  (event.seq < seq || (event.seq === seq && (id === undefined || event.id === id)));

const isAt = ({ epoch, seq, id }: Position, head: StreamHead): boolean =>
  head.epoch === epoch && head.seq === seq && (id === undefined || head.id === undefined || head.id === id);
