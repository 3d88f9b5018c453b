import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { IsBoolean } from 'class-validator';
import type { Actor } from '../platform/actor/actor.js';
import { EventLog } from '../platform/events/event-log.service.js';
import { SocketEvent, type SocketConnection } from '../platform/sockets/socket-event.js';
import { conversationRoom, conversationStream, TYPING_UPDATED } from './conversations.events.js';
import { ConversationsService } from './conversations.service.js';
import { IsId } from '../platform/ids/is-id.js';

/** A socket is heard once in this time; what it says in between is ignored. */
const MIN_PERIOD_MS = 2_000;
/** Somebody who has not said so again by then has stopped. */
const TYPING_MS = 6_000;

class SetTyping {
  @IsId()
  conversationId!: string;

  @IsBoolean()
  typing!: boolean;
}

/** What one socket said last about one conversation. */
interface Said {
  userId: string;
  typing: boolean;
  at: number;
  forget: NodeJS.Timeout;
}

/**
 * Who is typing in a conversation, told to everybody who follows it. Nothing of it is kept: it ends by itself, and a
 * client that goes on typing says so again.
 */
@Injectable()
export class TypingSocket implements OnApplicationShutdown {
  private readonly logger = new Logger(TypingSocket.name);
  /** By conversation, then by socket. */
  private readonly said = new Map<string, Map<string, Said>>();
  /** Sockets whose end is waited for, with the conversations that they have said something about. */
  private readonly sockets = new Map<string, Set<string>>();

  constructor(
    private readonly conversations: ConversationsService,
    private readonly events: EventLog,
  ) {}

  onApplicationShutdown(): void {
    for (const bySocket of this.said.values())
      for (const { forget } of bySocket.values()) clearTimeout(forget);
    this.said.clear();
  }

  @SocketEvent('typing:set', SetTyping)
  async set(
    actor: Actor,
    { conversationId, typing }: SetTyping,
    connection: SocketConnection,
  ): Promise<object> {
    const { id } = await this.conversations.get(actor, conversationId);
    const before = this.said.get(id)?.get(connection.id);
    if (before && performance.now() - before.at < MIN_PERIOD_MS) return {};
    this.note(id, actor.id, typing, connection);
    if (typing || before?.typing) await this.tell(id);
    return {};
  }

  private note(conversationId: string, userId: string, typing: boolean, connection: SocketConnection): void {
    this.waitForEnd(connection).add(conversationId);
    const bySocket = this.said.get(conversationId) ?? new Map<string, Said>();
    this.said.set(conversationId, bySocket);
    clearTimeout(bySocket.get(connection.id)?.forget);
    const forget = setTimeout(
      () => this.forget(conversationId, connection.id),
      typing ? TYPING_MS : MIN_PERIOD_MS,
    );
    bySocket.set(connection.id, { userId, typing, at: performance.now(), forget });
  }

  private waitForEnd(connection: SocketConnection): Set<string> {
    const { id } = connection;
    const known = this.sockets.get(id);
    if (known) return known;
    const conversations = new Set<string>();
    this.sockets.set(id, conversations);
    connection.onClosed(() => {
      this.sockets.delete(id);
      for (const conversation of conversations) this.forget(conversation, id);
    });
    return conversations;
  }

  private forget(conversationId: string, socketId: string): void {
    const bySocket = this.said.get(conversationId);
    const said = bySocket?.get(socketId);
    this.sockets.get(socketId)?.delete(conversationId);
    if (!bySocket || !said) return;
    clearTimeout(said.forget);
    bySocket.delete(socketId);
    if (bySocket.size === 0) this.said.delete(conversationId);
    if (!said.typing) return;
    this.tell(conversationId).catch((error: unknown) => {
      this.logger.debug({ msg: 'The end of typing was not told', err: error, conversationId });
    });
  }

  /** Those of this instance, each time somebody says something: whoever types elsewhere says so again soon. */
  private async tell(conversationId: string): Promise<void> {
    const said = [...(this.said.get(conversationId)?.values() ?? [])];
    const userIds = [...new Set(said.filter(({ typing }) => typing).map(({ userId }) => userId))];
    await this.events.signal({
      stream: conversationStream(conversationId),
      room: conversationRoom(conversationId),
      type: TYPING_UPDATED,
      data: { userIds },
    });
  }
}
