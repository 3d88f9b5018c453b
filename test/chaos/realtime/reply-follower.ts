import { setTimeout as sleep } from 'node:timers/promises';
import type { Generation, Person } from '../../support/api-client.js';
import { ReplyRecord } from './reply-record.js';
import type { Allowances, Complain, Position } from './wire.js';
import { otherSide, type Side, type World } from './world.js';

const PATIENCE_MS = 45_000;
/** A stream tells what happens and otherwise stays open for a heartbeat every 15 s. */
const OVER = ['completed', 'cancelled', 'failed'];

export interface FollowOptions {
  world: World;
  person: Person;
  generationId: string;
  random: () => number;
  complain: Complain;
  allowances: Allowances;
}

/** A reply as an EventSource follows it: over whichever instance, going on after `Last-Event-ID`. */
export class ReplyFollower {
  readonly reply: ReplyRecord;
  readonly done: Promise<void>;
  private position?: Position;
  private cut = new AbortController();
  private stopped = false;

  constructor(private readonly options: FollowOptions) {
    const { generationId, complain, allowances } = options;
    this.reply = new ReplyRecord(generationId, complain, allowances);
    this.done = this.follow().catch((error: unknown) => complain(`SSE ${generationId}: ${String(error)}`));
  }

  /** Loses the connection; the follower makes another one. */
  drop(): void {
    this.cut.abort();
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.cut.abort();
    return this.done;
  }

  private get path(): string {
    return `/api/generations/${this.options.generationId}`;
  }

  private async follow(): Promise<void> {
    const { random, world, complain } = this.options;
    const deadline = performance.now() + PATIENCE_MS;
    let side: Side = random() < 0.5 ? 'a' : 'b';
    while (!this.stopped && !this.reply.ended) {
      const refused = world.mayRefuse(side);
      const status = await this.listen(side);
      const away = status === undefined || (status === 503 && (refused || world.mayRefuse(side)));
      if (status === 410) await this.startOver(side);
      else if (status === 204) await this.missed();
      else if (!away && status !== 200) complain(`SSE ${this.path} was answered ${status}`);
      if (performance.now() > deadline) return complain(`SSE ${this.path} did not end`);
      if (random() < 0.5) side = otherSide(side);
      await sleep(20);
    }
  }

  /** One connection, to its end; the status, or undefined when there was no answer. */
  private async listen(side: Side): Promise<number | undefined> {
    const { world, person } = this.options;
    this.cut = new AbortController();
    const last = this.position && `${this.position.epoch}.${this.position.seq}`;
    const headers: Record<string, string> = last ? { 'last-event-id': last } : {};
    const signal = AbortSignal.any([this.cut.signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      const stream = await person.at(world.url(side)).events(`${this.path}/events`, { headers, signal });
      if (stream.status !== 200) return stream.status;
      for await (const { id, event, data } of stream.events) {
        if (event === 'shutdown') continue;
        this.place(id, event);
        if (event !== 'sync.reset') this.reply.apply(event, data);
      }
      return stream.status;
    } catch {
      return undefined;
    }
  }

  private place(id: string | undefined, event: string): void {
    const { generationId, complain, allowances } = this.options;
    const { mayReset } = allowances;
    // Told from the database, after the log was lost: it has no place in one.
    if (id === undefined && mayReset()) return this.unplaced(event);
    const [, epoch, seq] = /^(.+)\.(\d+)$/.exec(id ?? '') ?? [];
    if (!epoch) return complain(`SSE ${generationId}: ${event} has the id ${id}`);
    const next = { epoch, seq: Number(seq) };
    const before = this.position;
    this.position = next;
    const where = `SSE ${generationId}: ${event} ${id}`;
    if (before && before.epoch !== epoch) {
      if (!mayReset()) complain(`${where} after ${before.epoch}.${before.seq}, without an outage`);
      this.reply.restart('', false);
      return;
    }
    // A snapshot covers what is no longer kept.
    if (event === 'reply.snapshot' && next.seq >= (before?.seq ?? 0)) return;
    const expected = (before?.seq ?? 0) + 1;
    const isReset = !before && mayReset();
    if (next.seq !== expected && !isReset) complain(`${where} came where ${expected} was due`);
  }

  private unplaced(event: string): void {
    if (event === 'reply.snapshot' || event === 'reply.completed' || event === 'reply.failed') return;
    this.options.complain(`SSE ${this.options.generationId}: ${event} has no id`);
  }

  /** The log is gone: the text so far is a resource. */
  private async startOver(side: Side): Promise<void> {
    if (!this.options.allowances.mayReset())
      this.options.complain(`SSE ${this.path} is gone without an outage`);
    this.position = undefined;
    await this.fetch(side);
  }

  /** 204: ended, and the client is current. It is only current if it has heard the end. */
  private async missed(): Promise<void> {
    this.options.complain(`SSE ${this.path}: 204, though its end was not heard`);
    await this.fetch('a');
  }

  private async fetch(side: Side): Promise<void> {
    const { world, person } = this.options;
    const answer = await person
      .at(world.url(side))
      .get<Generation>(this.path)
      .catch(() => undefined);
    if (answer?.status === 200) this.reply.restart(answer.body.text, OVER.includes(answer.body.status));
  }
}
