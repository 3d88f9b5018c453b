import { Injectable } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import { TopicOf, type StreamTopic } from '../platform/sockets/stream-topic.js';
import { userStream } from './users.events.js';

/** Streams `user:<id>`: what happens to a user, heard by nobody else. */
@Injectable()
@TopicOf('user')
export class UserTopic implements StreamTopic<string> {
  authorize(actor: Actor, id: string): Promise<string | undefined> {
    return Promise.resolve(id === actor.id ? id : undefined);
  }

  room(id: string): string {
    return userStream(id);
  }

  snapshot(): string {
    return '/api/users/me';
  }
}
