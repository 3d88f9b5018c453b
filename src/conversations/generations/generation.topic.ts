import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { TopicOf, type StreamTopic } from '../../platform/sockets/stream-topic.js';
import { conversationRoom } from '../conversations.events.js';
import type { GenerationEntity } from './generation.entity.js';
import { GenerationsRepository } from './generations.repository.js';

/** Streams `generation:<id>`: a reply as it is said, heard in its conversation's room. */
@Injectable()
@TopicOf('generation')
export class GenerationTopic implements StreamTopic<GenerationEntity> {
  constructor(private readonly generations: GenerationsRepository) {}

  async authorize(actor: Actor, id: string): Promise<GenerationEntity | undefined> {
    return (await this.generations.findOwned(actor.id, id)) ?? undefined;
  }

  room({ conversationId }: GenerationEntity): string {
    return conversationRoom(conversationId);
  }

  snapshot({ id }: GenerationEntity): string {
    return `/api/generations/${id}`;
  }
}
