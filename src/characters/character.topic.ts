import { Injectable } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import { TopicOf, type StreamTopic } from '../platform/sockets/stream-topic.js';
import { characterRoom } from './characters.events.js';
import { maySee } from './characters.policy.js';
import { CharactersService } from './characters.service.js';
import type { Character } from './characters.types.js';

/** Streams `character:<id>`: that it has changed, for whoever may see it. */
@Injectable()
@TopicOf('character')
export class CharacterTopic implements StreamTopic<Character> {
  constructor(private readonly characters: CharactersService) {}

  async authorize(actor: Actor, id: string): Promise<Character | undefined> {
    const character = await this.characters.find(id);
    return character && maySee(actor, character) ? character : undefined;
  }

  room({ id }: Character): string {
    return characterRoom(id);
  }

  snapshot({ id }: Character): string {
    return `/api/characters/${id}`;
  }
}
