import { seeded, zipf } from '../hit-ratio/random.js';

/** Whose reads are counted together. */
export type Area = 'users' | 'characters' | 'conversations';

/** Kinds of requests with their share of what is asked of an area, in percent; writes carry a `!`. */
const MIX = {
  users: {
    me: 30,
    profile: 34,
    'by-username': 18,
    'username-check': 6,
    lookup: 9,
    'change-profile!': 2.5,
    'rename!': 0.5,
  },
  characters: {
    character: 46,
    list: 24,
    'list-by-tag': 10,
    gallery: 10,
    stats: 8.5,
    'change-character!': 3,
  },
  conversations: {
    list: 26,
    conversation: 20,
    messages: 30,
    context: 12,
    'say!': 8,
    'mark-read!': 3,
    'rename-conversation!': 1,
  },
} as const satisfies Record<Area, Record<string, number>>;

/** Of a hundred requests. */
const AREAS: Record<Area, number> = { users: 25, characters: 30, conversations: 45 };

export interface Size {
  people: number;
  characters: number;
  requests: number;
}

/** One request of the trace; people, characters and conversations are numbers. */
export interface TracedRequest {
  area: Area;
  /** Without the `!` of writes. */
  kind: string;
  writes: boolean;
  /** Who asks. */
  person: number;
  /** About whom, where it is about somebody. */
  other: number;
  character: number;
  /** Of the person who asks. */
  conversation: number;
}

export const CONVERSATIONS_EACH = 2;
const SEED = 20_261_121;

/**
 * What clients of the platform ask, the same requests each time: reads with some writes between, a few people,
 * characters and conversations in most of them, as it is among people.
 */
export function platformTrace({ people, characters, requests }: Size): TracedRequest[] {
  const random = seeded(SEED);
  const person = zipf(people, 0.8, random);
  const character = zipf(characters, 0.9, random);
  const conversation = zipf(CONVERSATIONS_EACH, 1, random);
  return Array.from({ length: requests }, () => {
    const area = pick(AREAS, random);
    const kind = pick<string>(MIX[area], random);
    return {
      area,
      kind: kind.replace('!', ''),
      writes: kind.endsWith('!'),
      person: person(),
      other: person(),
      character: character(),
      conversation: conversation(),
    };
  });
}

/** One of the names, in proportion to its share. */
function pick<Name extends string>(shares: Readonly<Record<Name, number>>, random: () => number): Name {
  const all = Object.entries(shares) as [Name, number][];
  let left = random() * all.reduce((sum, [, share]) => sum + share, 0);
  for (const [name, share] of all) {
    left -= share;
    if (left < 0) return name;
  }
  return all.at(-1)![0];
}
