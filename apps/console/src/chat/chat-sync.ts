import type { Dispatch } from 'react';
import type {
  CharacterUsage,
  Generation,
  GenerationHandle,
  Joined,
  LiveEvent,
  Message,
  MessageWindow,
  SentMessage,
} from '../api/api.types.js';
import type { ApiClient } from '../api/api-client.js';
import { newClientId } from '../api/client-id.js';
import { ConnectionLost, type LiveConnection } from '../api/live-connection.js';
import { problemOf, ProblemError, type Problem } from '../api/problem.js';
import type { ChatAction } from './chat-state.js';
import { placeOf, type StreamPosition } from './stream-position.js';

type Live = Pick<LiveConnection, 'connected' | 'ask' | 'onEvent' | 'onChange'>;
type Api = Pick<ApiClient, 'get' | 'post'>;

export interface ChatListener {
  dispatch: Dispatch<ChatAction>;
  /** Something that was asked for did not happen; undefined: it does now. */
  onProblem: (problem: Problem | undefined) => void;
  onUsage: (usage: CharacterUsage) => void;
}

/** Replays of 200 events; beyond these the messages themselves are quicker. */
const MAX_REPLAYS = 5;
/** What is dropped beyond it shows as a gap, which is then filled. */
const MAX_HELD = 5_000;

/** Keeps one conversation in step with the service, through lost connections, and sends what is written. */
export class ChatSync {
  private position?: StreamPosition;
  private syncing?: Promise<void>;
  /** Came while the place in the stream was being found. */
  private held: LiveEvent[] = [];
  private readonly unsent = new Map<string, string>();
  private readonly abort = new AbortController();
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly conversationId: string,
    private readonly live: Live,
    private readonly api: Api,
    private readonly listener: ChatListener,
  ) {}

  open(): void {
    let connected = this.live.connected;
    this.undo.push(
      this.live.onEvent((event) => this.hear(event)),
      this.live.onChange(() => {
        if (this.live.connected && !connected) void this.cameBack();
        connected = this.live.connected;
      }),
    );
    void (connected ? this.sync() : this.attempt(() => this.reload()));
  }

  close(): void {
    this.abort.abort();
    for (const undo of this.undo.splice(0)) undo();
    if (this.live.connected) {
      // Nobody is told that it failed: a socket that is gone is in no room either.
      this.live.ask('conversation:leave', { conversationId: this.conversationId }).catch(() => undefined);
    }
  }

  /** Joins the conversation where it was left, or anew. One at a time; it never rejects. */
  sync(): Promise<void> {
    this.syncing ??= this.attempt(() => this.join()).finally(() => {
      this.syncing = undefined;
      for (const event of this.held.splice(0)) this.hear(event);
    });
    return this.syncing;
  }

  /** @param clientMessageId of the message to send again; without one it is a new message */
  async send(text: string, clientMessageId = newClientId()): Promise<void> {
    const { dispatch } = this.listener;
    const { conversationId } = this;
    dispatch({ type: 'sending', clientMessageId, text });
    this.unsent.set(clientMessageId, text);
    try {
      const message = { conversationId, clientMessageId, text, reply: { mode: 'stream' } };
      const sent = await this.live.ask<SentMessage>('message:send', message);
      this.unsent.delete(clientMessageId);
      dispatch({ type: 'sent', clientMessageId, sent });
      this.listener.onUsage(sent.usage);
    } catch (error) {
      if (error instanceof ConnectionLost) {
        dispatch({ type: 'not-sent', clientMessageId, state: 'unsent' });
        return;
      }
      this.unsent.delete(clientMessageId);
      dispatch({ type: 'not-sent', clientMessageId, state: 'refused', problem: problemOf(error) });
    }
  }

  discard(clientMessageId: string): void {
    this.unsent.delete(clientMessageId);
    this.listener.dispatch({ type: 'discarded', clientMessageId });
  }

  /** @param messageId a reply, or a message of one's own that has none */
  regenerate(messageId: string, parentId: string | undefined): Promise<void> {
    return this.attempt(async () => {
      const path = `${this.messagesPath}/${messageId}/regenerations`;
      const { generation } = await this.api.post<{ generation: GenerationHandle }>(path, {
        body: {},
        idempotencyKey: newClientId(),
      });
      this.listener.dispatch({ type: 'reply-asked', generation, parentId });
    });
  }

  cancel(generationId: string): Promise<void> {
    return this.attempt(async () => {
      try {
        await this.live.ask('reply:cancel', { generationId });
      } catch (error) {
        // It was quicker; its end is on the way.
        if (!(error instanceof ProblemError) || error.problem.code !== 'already-completed') throw error;
      }
    });
  }

  /** Joining again replays the whole reply; if its events are no longer kept, its text is asked for. */
  async fillGap(generationId: string): Promise<void> {
    await this.sync();
    await this.attempt(async () => {
      const { text, status } = await this.get<Generation>(`/api/generations/${generationId}`);
      this.apply({ type: 'reply.snapshot', data: { generationId, text } });
      if (status !== 'queued' && status !== 'streaming') await this.reload();
    });
  }

  loadOlder(before: number): Promise<void> {
    return this.attempt(async () => {
      const window = await this.get<MessageWindow>(`${this.messagesPath}?before=${before}`);
      this.listener.dispatch({ type: 'older', window });
    });
  }

  markRead(seq: number): Promise<void> {
    return this.attempt(async () => {
      await this.live.ask('receipt:read', { conversationId: this.conversationId, seq });
    });
  }

  private get messagesPath(): string {
    return `/api/conversations/${this.conversationId}/messages`;
  }

  private get<Body>(path: string): Promise<Body> {
    return this.api.get<Body>(path, { signal: this.abort.signal });
  }

  private async cameBack(): Promise<void> {
    await this.sync();
    for (const [clientMessageId, text] of [...this.unsent]) await this.send(text, clientMessageId);
  }

  private async join(): Promise<void> {
    for (let replays = 0; replays < MAX_REPLAYS; replays++) {
      const { position, conversationId } = this;
      const from = position ? { after: position.seq, epoch: position.epoch } : {};
      const joined = await this.live.ask<Joined>('conversation:join', { conversationId, ...from });
      const { status, events, hasMore } = joined.replay;
      if (position && status === 'ok') {
        for (const event of events) this.apply(event);
        this.position = { epoch: joined.epoch, seq: events.at(-1)?.seq ?? position.seq };
        if (hasMore) continue;
      } else {
        this.position = { epoch: joined.epoch, seq: joined.lastSeq };
        await this.reload();
      }
      const generationIds = joined.replies.map(({ generationId }) => generationId);
      this.listener.dispatch({ type: 'replies-under-way', generationIds });
      for (const { generationId, events: said } of joined.replies) {
        this.listener.dispatch({
          type: 'reply-asked',
          generation: { id: generationId, status: 'streaming' },
        });
        for (const event of said) this.apply(event);
      }
      return;
    }
    this.position = undefined;
    await this.join();
  }

  private async reload(): Promise<void> {
    const window = await this.get<MessageWindow>(this.messagesPath);
    this.listener.dispatch({ type: 'loaded', window });
  }

  private hear(event: LiveEvent): void {
    if (this.syncing) {
      if (this.held.length < MAX_HELD) this.held.push(event);
      return;
    }
    if (event.stream.startsWith('generation:')) {
      // The last events of a conversation that was left may still come.
      const { message } = event.data as { message?: Message | null };
      if (!message || message.conversationId === this.conversationId) this.apply(event);
      return;
    }
    if (event.stream !== `conversation:${this.conversationId}`) return;
    if (!this.position) return;
    const place = placeOf(this.position, event);
    if (place === 'lost') void this.sync();
    if (place !== 'next') return;
    if (event.seq !== null) this.position = { epoch: event.epoch, seq: event.seq };
    this.apply(event);
  }

  private apply(event: Pick<LiveEvent, 'type' | 'data'>): void {
    this.listener.dispatch({ type: 'event', event });
    // Another path through the conversation is shown.
    if (event.type === 'branch.changed') void this.attempt(() => this.reload());
  }

  /** What fails is shown, unless the conversation was left meanwhile. */
  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (!this.abort.signal.aborted) this.listener.onProblem(undefined);
    } catch (error) {
      // Without a connection there is a notice of its own, and everything is asked again when it is back.
      if (this.abort.signal.aborted || error instanceof ConnectionLost) return;
      this.listener.onProblem(problemOf(error));
    }
  }
}
