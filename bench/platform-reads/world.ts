import { expectStatus, newPerson, type Character, type Person } from '../../test/support/api-client.js';
import { CONVERSATIONS_EACH, type Size } from './trace.js';

const TAGS = ['fantasy', 'science', 'history'];
const MESSAGES_EACH = 3;

export interface Inhabitant {
  person: Person;
  /** As it is now. */
  username: string;
  conversations: string[];
}

/** The people, characters and conversations that the numbers of a trace stand for. */
export interface World {
  people: Inhabitant[];
  /** The first person has made them all. */
  characters: string[];
  tags: readonly string[];
}

export async function makeWorld(url: string, { people, characters }: Size): Promise<World> {
  const persons: Person[] = [];
  for (let index = 0; index < people; index++) persons.push(await newPerson(url));
  const creator = persons[0]!;
  const ids: string[] = [];
  for (let index = 0; index < characters; index++) {
    const input = {
      name: `Character ${index}`,
      description: 'Somebody to talk to. '.repeat(20),
      tags: [TAGS[index % TAGS.length]],
      firstMessage: 'Good to see you, {{user}}.',
      visibility: 'public',
    };
    ids.push(expectStatus(201, await creator.post<Character>('/api/characters', input)).id);
  }
  const inhabitants: Inhabitant[] = [];
  for (const [index, person] of persons.entries()) {
    const conversations: string[] = [];
    for (let at = 0; at < CONVERSATIONS_EACH; at++) {
      const { id } = await person.converse(ids[(index + at) % ids.length]!);
      for (let said = 0; said < MESSAGES_EACH; said++)
        await person.say(id, `Message ${said}`, { mode: 'none' });
      conversations.push(id);
    }
    inhabitants.push({ person, username: person.user.username, conversations });
  }
  return { people: inhabitants, characters: ids, tags: TAGS };
}
