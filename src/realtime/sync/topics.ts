import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { isUUID } from 'class-validator';
import type { Actor } from '../../platform/actor/actor.js';
import { topicKindOf, type StreamTopic } from '../../platform/sockets/stream-topic.js';

/** A stream that somebody may follow. */
export interface OpenedStream {
  room: string;
  snapshot: string;
}

/** The kinds of streams that features have registered. */
@Injectable()
export class Topics implements OnModuleInit {
  private readonly topics = new Map<string, StreamTopic<unknown>>();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      const kind = topicKindOf(instance as object);
      if (kind === undefined) continue;
      if (this.topics.has(kind)) throw new Error(`Two topics for streams "${kind}:…"; rename one.`);
      this.topics.set(kind, instance as StreamTopic<unknown>);
    }
  }

  /** Undefined for a stream that does not exist or is not the actor's: nobody learns which. */
  async open(actor: Actor, stream: string): Promise<OpenedStream | undefined> {
    const colon = stream.indexOf(':');
    const topic = this.topics.get(stream.slice(0, colon));
    const id = stream.slice(colon + 1);
    // In another spelling it would be a stream of its own, in which nothing happens.
    if (!topic || !isUUID(id) || id !== id.toLowerCase()) return undefined;
    const subject = await topic.authorize(actor, id);
    return subject === undefined
      ? undefined
      : { room: topic.room(subject), snapshot: topic.snapshot(subject) };
  }
}
