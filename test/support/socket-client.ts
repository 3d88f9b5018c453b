import { io, type Socket } from 'socket.io-client';
import { saidIn, type Generation, type Message, type Problem, type ServerEvent } from './api-client.js';

const DEADLINE_MS = 15_000;

export interface LiveEvent {
  type: string;
  stream: string;
  epoch: string;
  seq: number | null;
  data: ServerEvent['data'] & { conversationId?: string; seq?: number };
}

/** Of `message:send`. */
export interface Sent {
  message: Message;
  generation: Generation;
  duplicate: boolean;
}

export type Ack<Data> = { ok: true; data: Data } | { ok: false; error: Problem };

/** A connected client that remembers whatever it hears. */
export class LiveSocket {
  readonly heard: LiveEvent[] = [];
  private readonly waiting = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.onAny((type: string, event: Partial<LiveEvent> | undefined) => {
      this.heard.push({ ...(event as LiveEvent), type });
      for (const look of this.waiting) look();
    });
  }

  /** @throws the `connect_error`, whose `data` is the problem */
  static async connect(
    url: string,
    token: string | undefined,
    auth: Record<string, unknown> = {},
  ): Promise<LiveSocket> {
    const socket = io(url, {
      auth: { ...(token === undefined ? {} : { token }), protocol: 1, ...auth },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      autoConnect: false,
      timeout: DEADLINE_MS,
    });
    const live = new LiveSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('connect_error', reject);
      socket.connect();
    });
    return live;
  }

  ask<Data = Record<string, unknown>>(event: string, ...payload: unknown[]): Promise<Ack<Data>> {
    return this.socket.timeout(DEADLINE_MS).emitWithAck(event, ...payload) as Promise<Ack<Data>>;
  }

  /** The data of an ack that must be good. */
  async get<Data = Record<string, unknown>>(event: string, payload: unknown): Promise<Data> {
    const ack = await this.ask<Data>(event, payload);
    if (ack.ok) return ack.data;
    throw new Error(`${event} was refused: ${JSON.stringify(ack.error)}`);
  }

  /** The first event that fits, heard already or to come. */
  hears(type: string, fits: (event: LiveEvent) => boolean = () => true): Promise<LiveEvent> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.waiting.delete(look);
      };
      const timer = setTimeout(() => {
        settle();
        const types = this.heard.map((event) => event.type).join(', ');
        reject(new Error(`No fitting ${type} within ${DEADLINE_MS} ms; heard: ${types || 'nothing'}`));
      }, DEADLINE_MS);
      const look = (): void => {
        const found = this.heard.find((event) => event.type === type && fits(event));
        if (!found) return;
        settle();
        resolve(found);
      };
      this.waiting.add(look);
      look();
    });
  }

  /** All deltas heard of a generation, in the order they came. */
  deltasOf(generationId: string): LiveEvent[] {
    return this.heard.filter(
      ({ type, data }) => type === 'reply.delta' && data.generationId === generationId,
    );
  }

  /** What was heard of a reply. */
  textOf(generationId: string): string {
    const ofReply = this.heard.filter(({ data }) => data?.generationId === generationId);
    return saidIn(ofReply.map(({ type, data }) => [type, data]));
  }

  close(): void {
    this.socket.disconnect();
  }
}
