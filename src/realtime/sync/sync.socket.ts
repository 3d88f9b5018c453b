import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import { SocketEvent, type Joining, type SocketConnection } from '../../platform/sockets/socket-event.js';
import { AcknowledgeStream, ResumeStreams, type ResumedStream, type StreamPosition } from './sync.dto.js';
import { Topics, type OpenedStream } from './topics.js';

/** Following streams from where a client has seen them. */
@Injectable()
export class SyncSocket {
  constructor(
    private readonly topics: Topics,
    private readonly log: EventLog,
  ) {}

  /** Joins the streams' rooms and answers what was missed; what happens meanwhile follows the ack. */
  @SocketEvent('sync:resume', ResumeStreams)
  async resume(
    actor: Actor,
    { streams }: ResumeStreams,
    connection: SocketConnection,
  ): Promise<{ streams: ResumedStream[] }> {
    const opened = await Promise.all(
      streams.map(async (position) => ({ position, open: await this.topics.open(actor, position.stream) })),
    );
    // All joined before the log is read, or an event could fall between the two.
    const joined = opened.map(({ position, open }) => ({
      position,
      open: open && { ...open, joining: connection.join(open.room, position.stream) },
    }));
    return {
      streams: await Promise.all(joined.map(({ position, open }) => this.answer(position, open))),
    };
  }

  /** Advisory: the log is trimmed by number and age. */
  @SocketEvent('sync:ack', AcknowledgeStream)
  acknowledge(): Promise<object> {
    return Promise.resolve({});
  }

  private async answer(
    { stream, epoch, after }: StreamPosition,
    open: (OpenedStream & { joining: Joining }) | undefined,
  ): Promise<ResumedStream> {
    if (!open) {
      const nothing = { epoch: null, from: null, to: null, events: [], hasMore: false, snapshot: null };
      return { stream, status: 'forbidden', ...nothing };
    }
    const known = after === undefined ? await this.presentEnd(stream) : { epoch, after };
    const replay = await this.log.read(stream, known);
    const { snapshot, joining } = open;
    const found = { stream, epoch: replay.epoch, status: replay.status, snapshot };
    if (replay.status !== 'ok') {
      await joining.carries({ stream, epoch: replay.epoch, seq: replay.head });
      return { ...found, from: replay.head, to: replay.head, events: [], hasMore: false };
    }
    const to = known.after + replay.events.length;
    await joining.carries({ stream, epoch: replay.epoch, seq: to });
    if (replay.hasMore) joining.incomplete(stream);
    return { ...found, from: known.after + 1, to, events: replay.events, hasMore: replay.hasMore };
  }

  private async presentEnd(stream: string): Promise<{ epoch: string; after: number }> {
    const { epoch, head } = await this.log.read(stream, { after: 0, limit: 1 });
    return { epoch, after: head };
  }
}
