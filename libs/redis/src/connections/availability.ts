import { Logger } from '@nestjs/common';
import { describeFault, refusesWrites, type RedisFault } from './redis-fault.js';

/** `off`: none configured. `connecting`: not reached yet since the start. `lost`: reached before, away or refusing now. */
export type RedisStatus = 'off' | 'connecting' | 'ready' | 'lost';

type Listener = () => void;

const NOT_YET: RedisFault = { code: 'unreachable', message: 'no connection yet' };
const CLOSED: RedisFault = { code: 'unreachable', message: 'the connection was closed' };

/** Whether Redis can be used now, from what is learnt about it; says so in the log, once per change. */
export class Availability {
  status: RedisStatus;
  /** Since when the status is what it is. */
  since = new Date();
  private linked = false;
  /** Redis answers, but all it says is no. */
  private refusal: RedisFault | undefined;
  private refusedAt = Number.NEGATIVE_INFINITY;
  /** Said about a connection that still stood. */
  private suspicion: RedisFault | undefined;
  private writeRefusal: RedisFault | undefined;
  private writesRefusedAt = 0;
  /** The latest known reason while Redis is away. */
  private awayFor: RedisFault = NOT_YET;
  private reported: RedisFault | undefined;
  private awaySince = 0;
  private readonly readyListeners = new Set<Listener>();
  private readonly lostListeners = new Set<Listener>();
  private readonly log = new Logger('Redis');

  /** @param address - of Redis, for log lines; undefined when none is configured */
  constructor(private readonly address: string | undefined) {
    this.status = address === undefined ? 'off' : 'connecting';
  }

  /** What is wrong now: with all of it, or with writes only. */
  get fault(): RedisFault | undefined {
    if (this.status === 'off') return undefined;
    return this.status === 'ready' ? this.writeRefusal : this.awayFor;
  }

  onReady(listener: Listener): () => void {
    this.readyListeners.add(listener);
    return () => this.readyListeners.delete(listener);
  }

  onLost(listener: Listener): () => void {
    this.lostListeners.add(listener);
    return () => this.lostListeners.delete(listener);
  }

  /** All connections are up, or not all any more. */
  setLinked(linked: boolean): void {
    this.linked = linked;
    this.settle();
  }

  /** Why a connection failed, or is about to be given up. */
  explain(fault: RedisFault): void {
    if (this.status === 'ready') {
      this.suspicion = fault;
      return;
    }
    this.awayFor = fault;
    this.report();
  }

  /** Redis answers, and refuses; or no part of it answers. */
  refuse(fault: RedisFault): void {
    this.refusedAt = performance.now();
    if (refusesWrites(fault)) {
      this.refusal = undefined;
      this.refuseWrites(fault);
    } else {
      this.refusal = fault;
    }
    this.settle();
  }

  /**
   * Redis took a write.
   *
   * @param askedAt - when it was asked (`performance.now()`): an answer from before a refusal says nothing about it
   */
  accept(askedAt: number): void {
    if (askedAt < this.refusedAt) return;
    this.refusal = undefined;
    this.suspicion = undefined;
    if (this.writeRefusal) {
      this.writeRefusal = undefined;
      this.say(`takes writes again after ${secondsSince(this.writesRefusedAt)} s`);
    }
    this.settle();
  }

  say(text: string, level: 'error' | 'warn' | 'log' = 'log'): void {
    this.log[level](`Redis at ${this.address ?? 'nowhere'} ${text}.`);
  }

  /** Nobody is told any more. */
  close(): void {
    this.readyListeners.clear();
    this.lostListeners.clear();
  }

  private refuseWrites(fault: RedisFault): void {
    if (!this.writeRefusal) {
      this.writesRefusedAt = Date.now();
      this.say(`refuses writes (${describeFault(fault)}); going on without them`, 'warn');
    }
    this.writeRefusal = fault;
  }

  private settle(): void {
    const usable = this.linked && !this.refusal;
    if (usable && this.status !== 'ready') return this.becomeReady();
    if (usable || this.status === 'off') return;
    if (this.status === 'ready') return this.becomeLost();
    if (!this.refusal) return;
    this.awayFor = this.refusal;
    this.report();
  }

  private becomeReady(): void {
    const again = this.status === 'lost' || this.reported !== undefined;
    this.change('ready');
    this.say(again ? `is back after ${secondsSince(this.awaySince)} s` : 'is ready');
    this.reported = undefined;
    this.awaySince = 0;
    this.tell(this.readyListeners);
  }

  private becomeLost(): void {
    this.awayFor = this.refusal ?? this.suspicion ?? CLOSED;
    this.suspicion = undefined;
    this.change('lost');
    this.report();
    this.tell(this.lostListeners);
  }

  private change(status: RedisStatus): void {
    this.status = status;
    this.since = new Date();
  }

  /** Once per outage, and once more when it turns out that waiting alone will not end it. */
  private report(): void {
    const { reported, awayFor } = this;
    if (reported && (reported.code === awayFor.code || !awayFor.fix)) return;
    this.reported = awayFor;
    this.awaySince ||= Date.now();
    this.say(`is unavailable (${describeFault(awayFor)}); going on without it and trying again`, 'warn');
  }

  private tell(listeners: Set<Listener>): void {
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch (error) {
        this.log.error('A listener of the Redis connections failed.', error);
      }
    }
  }
}

const secondsSince = (ms: number): string => ((Date.now() - ms) / 1_000).toFixed(1);
