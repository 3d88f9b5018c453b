import { setTimeout as sleep } from 'node:timers/promises';
import type { Generation, Message, Person } from '../../support/api-client.js';
import { ConversationView } from './conversation-view.js';
import { Device, LinkLost } from './device.js';
import { StreamFollower, type Heard } from './stream-follower.js';
import { conversationStream, generationStream, subjectOf } from './wire.js';
import type { Allowances, Complain, Resumed, StreamEvent } from './wire.js';
import { otherSide, type Side, type World } from './world.js';

const SNAPSHOT_MS = 15_000;
/** Streams in one `sync:resume`. */
const AT_ONCE = 20;
const FOLLOWED = /^(?:conversation|generation):/;
const OVER = ['completed', 'cancelled', 'failed'];

interface Window {
  items: Message[];
  oldestSeq: number | null;
  hasBefore: boolean;
}

export interface ClientOptions {
  world: World;
  person: Person;
  conversationId: string;
  side: Side;
  random: () => number;
  complain: Complain;
  /** What it did, for the timeline. */
  note: (what: string) => void;
  allowances: Allowances;
}

/** One device of a person that keeps a conversation in step, by the rules that clients are told. */
export class ConversationClient {
  readonly view: ConversationView;
  device!: Device;
  private readonly followers = new Map<string, StreamFollower>();
  private readonly wanted = new Set<string>();
  private connection = 0;
  private syncing?: Promise<void>;

  private constructor(private readonly options: ClientOptions) {
    const { conversationId, complain, allowances } = options;
    this.view = new ConversationView(conversationId, complain, allowances);
    this.follower(conversationStream(conversationId));
  }

  static async start(options: ClientOptions): Promise<ConversationClient> {
    const client = new ConversationClient(options);
    const { world, person, side, random, complain } = options;
    client.device = await Device.start(world, person.token as string, side, random, {
      connected: () => client.connected(),
      disconnected: () => client.disconnected(),
      event: (type, payload) => client.event(type, payload),
      complain,
    });
    return client;
  }

  /** Connected, with nothing left to ask. */
  get isSettled(): boolean {
    return this.device.isConnected && !this.syncing && this.wanted.size === 0;
  }

  /** A reply that an ack announced: from now on it is asked for, though nothing of it was heard yet. */
  expect(generationId: string): void {
    this.view.reply(generationId);
    this.follower(generationStream(generationId));
  }

  stop(): Promise<void> {
    return this.device.stop();
  }

  private follower(stream: string): StreamFollower {
    const known = this.followers.get(stream);
    if (known) return known;
    const made = new StreamFollower(stream, this.options.complain, this.options.allowances.mayReset);
    this.followers.set(stream, made);
    return made;
  }

  private connected(): void {
    this.connection += 1;
    this.options.note(`connected to ${this.device.side}`);
    for (const stream of this.followers.keys()) if (this.isOpen(stream)) this.wanted.add(stream);
    this.sync();
  }

  /** Nothing comes after the end of a reply: its stream is not asked for again. */
  private isOpen(stream: string): boolean {
    return stream.startsWith('conversation:') || !this.view.reply(subjectOf(stream)).ended;
  }

  private isOutdated(stream: string): boolean {
    return stream.startsWith('conversation:') && this.view.outdated;
  }

  private disconnected(): void {
    this.connection += 1;
    this.options.note('disconnected');
    for (const follower of this.followers.values()) follower.lost();
    this.wanted.clear();
  }

  private event(type: string, payload: unknown): void {
    const event = payload as StreamEvent;
    if (type === 'error') return this.options.complain(`an error event: ${JSON.stringify(payload)}`);
    if (typeof event?.stream !== 'string' || event.seq === null || !FOLLOWED.test(event.stream)) return;
    if (event.type !== type) this.options.complain(`${event.stream}: ${event.type} was sent as ${type}`);
    this.options.note(`${shortened(event.stream)} ${shortened(event.epoch)} ${event.seq} ${inShort(event)}`);
    this.take(event.stream, this.follower(event.stream).hear(event));
  }

  private take(stream: string, { apply, resume }: Heard): void {
    for (const event of apply) this.view.apply(event);
    if (!resume && !this.isOutdated(stream)) return;
    this.wanted.add(stream);
    this.sync();
  }

  private sync(): void {
    this.syncing ??= this.resumeAll()
      .catch((error: unknown) => {
        if (!(error instanceof LinkLost)) this.options.complain(`sync: ${String(error)}`);
        // No answer though the link stands: a client makes a new one.
        else if (this.device.isConnected) void this.device.drop('close');
      })
      .finally(() => {
        this.syncing = undefined;
        if (this.wanted.size > 0 && this.device.isConnected) this.sync();
      });
  }

  private async resumeAll(): Promise<void> {
    const { connection } = this;
    while (this.wanted.size > 0 && connection === this.connection) {
      const followers = [...this.wanted].slice(0, AT_ONCE).map((stream) => this.follower(stream));
      for (const { stream } of followers) this.wanted.delete(stream);
      const streams = followers.map((follower) => follower.ask());
      const ack = await this.device.ask<{ streams: Resumed[] }>('sync:resume', { streams });
      if (connection !== this.connection) return;
      if (!ack.ok) {
        this.options.complain(`sync:resume was refused: ${JSON.stringify(ack.error)}`);
        await sleep(200);
        for (const { stream } of followers) this.wanted.add(stream);
        continue;
      }
      for (const [index, follower] of followers.entries()) {
        const resumed = ack.data.streams[index];
        if (resumed) await this.resumed(follower, resumed, connection);
        else this.options.complain(`sync:resume says nothing about ${follower.stream}`);
        if (connection !== this.connection) return;
      }
    }
  }

  private async resumed(follower: StreamFollower, resumed: Resumed, connection: number): Promise<void> {
    const { stream } = follower;
    const { status, epoch, from, to, hasMore } = resumed;
    const told = resumed.events.map((event) => `${event.seq} ${inShort(event)}`);
    this.options.note(
      `${shortened(stream)} is ${status} ${shortened(epoch)} ${from}-${to}${hasMore ? ' and more' : ''} [${told.join(', ')}]`,
    );
    const { apply, refetch, again } = follower.answer(resumed);
    for (const event of apply) this.view.apply(event);
    if (refetch || this.isOutdated(stream)) await this.refetch(stream, resumed.snapshot, connection);
    if (connection !== this.connection) return;
    if (again) this.wanted.add(stream);
    else this.take(stream, follower.settle());
  }

  private async refetch(stream: string, path: string | null, connection: number): Promise<void> {
    if (path === null) return this.options.complain(`${stream}: no snapshot is named`);
    if (stream.startsWith('generation:')) {
      const found = await this.read<Generation>(path, connection);
      if (!found) return;
      this.options.note(`${shortened(stream)} reads ${found.text.length} units, ${found.status}`);
      this.view.reply(subjectOf(stream)).restart(found.text, OVER.includes(found.status));
      return;
    }
    const messages: Message[] = [];
    let window = await this.read<Window>(path, connection);
    while (window) {
      messages.unshift(...window.items);
      if (!window.hasBefore) {
        this.options.note(`read ${messages.length} messages`);
        return this.view.load(messages);
      }
      const older = `/api/conversations/${this.options.conversationId}/messages?before=${window.oldestSeq}`;
      window = await this.read<Window>(older, connection);
    }
  }

  /** Undefined when the connection that it is for is gone. */
  private async read<Body>(path: string, connection: number): Promise<Body | undefined> {
    const { world, person, complain } = this.options;
    const deadline = performance.now() + SNAPSHOT_MS;
    let { side } = this.device;
    while (connection === this.connection) {
      const refused = world.mayRefuse(side);
      const answer = await person
        .at(world.url(side))
        .get<Body>(path)
        .catch(() => undefined);
      if (answer?.status === 200) return answer.body;
      if (answer && !(answer.status === 503 && (refused || world.mayRefuse(side))))
        complain(`GET ${path} was answered ${answer.status} ${JSON.stringify(answer.body)}`);
      if (performance.now() > deadline) {
        complain(`GET ${path} was not answered for ${SNAPSHOT_MS} ms`);
        return undefined;
      }
      side = otherSide(side);
      await sleep(50);
    }
    return undefined;
  }
}

/** The end of an id is what tells it apart. */
const shortened = (id: string | null): string => (id ?? 'none').replace(/[0-9a-f]{8}-[0-9a-f-]{23}/, '');
const inShort = ({ id, type, data: { offset, text } }: StreamEvent): string =>
  offset === undefined ? `${type} (${shortened(id)})` : `${type} ${offset}+${text?.length}`;
