import { randomUUID } from 'node:crypto';
import type { Answer } from '../../test/support/api-client.js';
import type { Area, TracedRequest } from './trace.js';
import type { World } from './world.js';

/** What the requests of one kind took. */
export interface Tally {
  area: Area;
  kind: string;
  writes: boolean;
  requests: number;
  /** Statements that the database was sent for them. */
  queries: number;
  /** Of each, in nanoseconds. */
  latencies: number[];
}

type Ask = (request: TracedRequest, world: World, turn: number) => Promise<Answer<unknown>>;

const who = ({ person }: TracedRequest, { people }: World) => people[person]!;
const whom = ({ other }: TracedRequest, { people }: World) => people[other]!;
const characterOf = ({ character }: TracedRequest, { characters }: World) => characters[character]!;
const pathOf = (request: TracedRequest, world: World): string =>
  `/api/conversations/${who(request, world).conversations[request.conversation]!}`;

const ASK: Record<string, Ask> = {
  me: (request, world) => who(request, world).person.get('/api/users/me'),
  profile: (request, world) =>
    who(request, world).person.get(`/api/users/${whom(request, world).person.user.id}`),
  'by-username': (request, world) =>
    who(request, world).person.get(`/api/users/by-username/${whom(request, world).username}`),
  'username-check': (request, world) =>
    who(request, world).person.post('/api/users/username-checks', {
      username: `wanted.${request.other}`,
    }),
  lookup: (request, world) =>
    who(request, world).person.post('/api/users/lookup', {
      ids: Array.from(
        { length: 5 },
        (_, at) => world.people[(request.other + at) % world.people.length]!.person.user.id,
      ),
    }),
  'change-profile': (request, world, turn) =>
    who(request, world).person.patch('/api/users/me', { bio: `Changed ${turn}` }),
  rename: (request, world, turn) => {
    const inhabitant = who(request, world);
    inhabitant.username = `p${randomUUID().slice(0, 8)}${turn}`;
    return inhabitant.person.patch('/api/users/me', { username: inhabitant.username });
  },
  character: (request, world) =>
    who(request, world).person.get(`/api/characters/${characterOf(request, world)}`),
  'characters list': (request, world) => who(request, world).person.get('/api/characters'),
  'list-by-tag': (request, world) =>
    who(request, world).person.get(`/api/characters?tag=${world.tags[request.other % world.tags.length]!}`),
  gallery: (request, world) =>
    who(request, world).person.get(`/api/characters/${characterOf(request, world)}/gallery`),
  stats: (request, world) =>
    who(request, world).person.get(`/api/characters/${characterOf(request, world)}/stats`),
  'change-character': (request, world, turn) =>
    world.people[0]!.person.patch(`/api/characters/${characterOf(request, world)}`, {
      scenario: `Scene ${turn}`,
    }),
  'conversations list': (request, world) => who(request, world).person.get('/api/conversations'),
  conversation: (request, world) => who(request, world).person.get(pathOf(request, world)),
  messages: (request, world) => who(request, world).person.get(`${pathOf(request, world)}/messages`),
  context: (request, world) => who(request, world).person.get(`${pathOf(request, world)}/context`),
  say: (request, world, turn) =>
    who(request, world).person.say(
      who(request, world).conversations[request.conversation]!,
      `And then ${turn}`,
      { mode: 'none' },
    ),
  'mark-read': (request, world) =>
    who(request, world).person.put(`${pathOf(request, world)}/read`, { seq: 1 }),
  'rename-conversation': (request, world, turn) =>
    who(request, world).person.patch(pathOf(request, world), { title: `About ${turn}` }),
};

/**
 * Sends the requests one after the other and adds up what each kind of them took. Statements are counted by the service
 * itself, which tells in `Server-Timing` what it sent to the database for an answer.
 * @param before is awaited before each request, and not timed
 * @throws when an answer is no good
 */
export async function replay(
  trace: readonly TracedRequest[],
  world: World,
  { before, onTurn }: { before?: () => Promise<unknown>; onTurn?: (turn: number) => void } = {},
): Promise<Tally[]> {
  const tallies = new Map<string, Tally>();
  for (const [turn, request] of trace.entries()) {
    const { area, kind, writes } = request;
    const ask = ASK[kind] ?? ASK[`${area} ${kind}`];
    if (!ask) throw new Error(`Nobody knows how to ask for ${area} ${kind}.`);
    await before?.();
    const started = performance.now();
    const { status, queries, body } = await ask(request, world, turn);
    const took = (performance.now() - started) * 1e6;
    if (status >= 400 || Number.isNaN(queries))
      throw new Error(`${area} ${kind} was answered with ${status}: ${JSON.stringify(body)}`);
    const name = `${area} ${kind}`;
    const tally = tallies.get(name) ?? { area, kind, writes, requests: 0, queries: 0, latencies: [] };
    tally.requests += 1;
    tally.queries += queries;
    tally.latencies.push(took);
    tallies.set(name, tally);
    onTurn?.(turn);
  }
  return [...tallies.values()];
}

/** Statements of the reads of an area. */
export const readQueries = (tallies: readonly Tally[], area: Area): number =>
  tallies
    .filter((tally) => tally.area === area && !tally.writes)
    .reduce((sum, { queries }) => sum + queries, 0);
