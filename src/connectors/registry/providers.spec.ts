import type { OutboundAnswer } from '../outbound/outbound.js';
import type { OutboundClient } from '../outbound/outbound-client.js';
import type { ExtractedItem, ExtractionStep, Provider } from './provider.js';
import { addressOf, ProviderRequests } from './provider-requests.js';
import { faultsOf } from './provider-faults.js';
import { oidc } from './providers/oidc.js';
import { SHIPPED } from './shipped.js';

const ALL: readonly Provider[] = [
  ...SHIPPED,
  oidc({ platform: 'oidc', issuer: 'https://id.example.com', scopes: ['openid', 'profile'] }),
];
const STEPS = ALL.flatMap((provider) =>
  Object.entries(provider.kinds).flatMap(([kind, { steps }]) =>
    steps.map((step): [name: string, step: ExtractionStep, provider: Provider] => [
      `${provider.platform} ${kind}: ${step.name}`,
      step,
      provider,
    ]),
  ),
);
const stepOf = (name: string): ExtractionStep => STEPS.find(([known]) => known === name)![1];
const answer = (body: unknown, headers: Record<string, string> = {}): OutboundAnswer => ({
  status: 200,
  headers: new Headers(headers),
  body,
});

/** What a step makes of pages, as an extraction reads them. */
function readAll(step: ExtractionStep, pages: OutboundAnswer[]): { paths: string[]; items: ExtractedItem[] } {
  const paths: string[] = [];
  const items: ExtractedItem[] = [];
  let cursor: string | undefined;
  for (const page of pages) {
    paths.push(step.path(cursor, undefined));
    items.push(...(step.list(page.body) ?? []).flatMap((raw) => step.item(raw) ?? []));
    cursor = step.next(page, cursor);
  }
  expect(cursor).toBeUndefined();
  return { paths, items };
}

it.each(ALL.map((provider) => [provider.platform, provider] as const))('%s can work', (_name, provider) => {
  expect(faultsOf(provider, ({ protocol }) => protocol === 'https:')).toEqual([]);
});

const JUNK: unknown[] = [
  undefined,
  null,
  '',
  'text',
  0,
  -1,
  Number.NaN,
  true,
  [],
  [null],
  {},
  { id: null, name: 7 },
  { id: { $ne: 1 }, track: [], data: 'x' },
  { items: 'x', data: { children: {} }, nextPageToken: 3, next: 5 },
  { snippet: { resourceId: 4, tags: {} }, topicDetails: { topicCategories: [1, '%', '/wiki/%E0%A4%A'] } },
];

it.each(STEPS)('%s leaves out what it cannot read, and never throws', (_name, step, provider) => {
  for (const junk of JUNK) {
    expect(step.list(junk) ?? []).toEqual(expect.any(Array));
    expect(['undefined', 'string']).toContain(typeof step.next(answer(junk), undefined));
    const item = step.item(junk);
    if (item) expect(item).toMatchObject({ id: expect.any(String), labels: expect.any(Array) });
    step.total?.(junk);
    expect(provider.account.read(junk)).toBeUndefined();
  }
  expect(step.list('<html>')).toBeUndefined();
});

it.each(STEPS)('%s asks inside its API', (_name, step, { api }) => {
  const paths = [step.path(undefined, undefined), step.path('x|../../y?z#', new Date(0))];
  for (const path of paths.filter((one) => one.startsWith('/')))
    expect(addressOf(api.baseUrl, path)?.startsWith(api.baseUrl)).toBe(true);
});

it('reads what somebody listens to on Spotify', () => {
  const next = 'https://api.spotify.com/v1/me/top/artists?offset=50&limit=50';
  const artist = { id: 'a1', name: 'Ada', genres: ['Art Pop', 'art-pop', 'Indie'] };
  const top = readAll(stepOf('spotify listening: top artists'), [
    answer({ items: [artist, { name: 'no id' }], next, total: 51 }),
    answer({ items: [{ id: 'a2', name: 'Bo' }], next: null, total: 51 }),
  ]);
  expect(top.paths).toEqual([
    '/me/top/artists?time_range=medium_term&limit=50',
    '/me/top/artists?time_range=medium_term&limit=50&offset=50',
  ]);
  expect(top.items).toEqual([
    { id: 'artist:a1', title: 'Ada', labels: ['art pop', 'indie'], weight: 3 },
    { id: 'artist:a2', title: 'Bo', labels: ['music'], weight: 3 },
  ]);
  const track = { id: 't1', name: 'Song', artists: [{ name: 'Ada' }] };
  const played = readAll(stepOf('spotify listening: recently played'), [
    answer({ items: [{ track, played_at: '2026-01-02T03:04:05.678Z' }, { track }], next: null }),
  ]);
  expect(played.items).toEqual([
    {
      id: `play:t1@${Date.parse('2026-01-02T03:04:05.678Z')}`,
      at: new Date('2026-01-02T03:04:05.678Z'),
      title: 'Ada – Song',
      labels: ['music'],
    },
  ]);
});

it('reads what somebody programs on GitHub, and when they starred', () => {
  const link = '<https://api.github.com/user/repos?per_page=100&page=2>; rel="next"';
  const mine = {
    id: 1,
    full_name: 'ada/engine',
    language: 'TypeScript',
    topics: ['machine-learning'],
    fork: false,
    pushed_at: '2026-01-02T03:04:05Z',
  };
  const repositories = readAll(stepOf('github code: repositories'), [answer([mine], { link }), answer([])]);
  expect(repositories.paths[1]).toBe('/user/repos?per_page=100&page=2');
  expect(repositories.items).toEqual([
    {
      id: 'repository:1',
      at: new Date('2026-01-02T03:04:05Z'),
      title: 'ada/engine',
      labels: ['typescript', 'machine learning'],
      weight: 3,
    },
  ]);
  const stars = stepOf('github code: stars');
  const starred = { starred_at: '2026-02-03T04:05:06Z', repo: mine };
  expect(readAll(stars, [answer([starred])]).items).toMatchObject([
    { id: 'star:1', at: new Date('2026-02-03T04:05:06Z') },
  ]);
  expect(readAll(stars, [answer([mine])]).items).toMatchObject([{ id: 'star:1', title: 'ada/engine' }]);
});

it('tells the secondary limit of GitHub and the quota of Google from other refusals', () => {
  const refused = (platform: string, body: unknown): number | undefined =>
    ALL.find((provider) => provider.platform === platform)!.api.limit.busyMs!({
      ...answer(body),
      status: 403,
    });
  expect(refused('github', { message: 'You have exceeded a secondary rate limit.' })).toBe(60_000);
  expect(refused('github', { message: 'Resource not accessible' })).toBeUndefined();
  expect(refused('google', { error: { errors: [{ reason: 'quotaExceeded' }] } })).toBe(3_600_000);
  expect(refused('google', { error: { errors: [{ reason: 'userRateLimitExceeded' }] } })).toBe(10_000);
  expect(refused('google', { error: { errors: [{ reason: 'forbidden' }] } })).toBeUndefined();
});

it('reads what somebody likes on YouTube', () => {
  const video = {
    id: 'v1',
    snippet: { title: 'Clip', tags: ['Live'] },
    topicDetails: {
      topicCategories: ['https://en.wikipedia.org/wiki/Rock_music', 'https://x/wiki/Go_(game)'],
    },
  };
  const liked = readAll(stepOf('google watching: liked videos'), [
    answer({ items: [video], nextPageToken: 'p2' }),
    answer({ items: [{ id: 'v2' }] }),
  ]);
  expect(liked.paths[1]).toContain('pageToken=p2');
  expect(liked.items).toMatchObject([
    { id: 'video:v1', labels: ['rock music', 'go', 'live'] },
    { id: 'video:v2', labels: ['video'] },
  ]);
  const channel = {
    snippet: { title: 'C', resourceId: { channelId: 'c1' }, publishedAt: '2026-01-01T00:00:00Z' },
  };
  expect(
    readAll(stepOf('google watching: subscriptions'), [answer({ items: [channel] })]).items,
  ).toMatchObject([{ id: 'channel:c1', title: 'C' }]);
});

it('reads the communities of Discord', () => {
  const full = Array.from({ length: 200 }, (_, index) => ({ id: String(index), name: `S${index}` }));
  const servers = readAll(stepOf('discord communities: servers'), [
    answer(full),
    answer([{ id: '900', name: 'Small', owner: true, approximate_member_count: 9 }]),
  ]);
  expect(servers.paths[1]).toContain('after=199');
  expect(servers.items.at(-1)).toEqual({
    id: 'server:900',
    title: 'Small',
    labels: ['community', 'friends'],
    weight: 3,
  });
  const connections = readAll(stepOf('discord communities: connections'), [
    answer([{ type: 'steam', id: '1' }]),
  ]);
  expect(connections.items).toMatchObject([{ id: 'connection:steam:1', labels: ['steam'] }]);
});

it("reads Reddit's lists of a person under the name that it says", () => {
  const post = {
    data: { name: 't3_1', title: 'Post', subreddit: 'MachineLearning', created_utc: 1_700_000_000 },
  };
  const saved = readAll(stepOf('reddit interests: saved'), [
    answer({ name: 'ada|x', id: '1' }),
    answer({ data: { children: [post], after: 't3_1' } }),
    answer({ data: { children: [], after: null } }),
  ]);
  expect(saved.paths).toEqual([
    '/api/v1/me',
    '/user/ada%7Cx/saved?limit=100&raw_json=1',
    '/user/ada%7Cx/saved?limit=100&raw_json=1&after=t3_1',
  ]);
  expect(saved.items).toEqual([
    { id: 'saved:t3_1', at: new Date(1_700_000_000_000), title: 'Post', labels: ['machine learning'] },
  ]);
});

it('reads the profile of an OpenID provider', () => {
  const claims = { sub: 'u1', name: 'Ada', locale: 'en-GB', updated_at: 1_700_000_000 };
  expect(readAll(stepOf('oidc profile: profile'), [answer(claims)]).items).toEqual([
    { id: 'profile:u1', at: new Date(1_700_000_000_000), title: 'Ada', labels: ['en gb'] },
  ]);
});

it('finds the user info where the discovery document of the issuer says, and only there', async () => {
  const asked: string[] = [];
  const documentOf = (issuer: string): ProviderRequests =>
    new ProviderRequests({
      json: (url: string) => {
        asked.push(url);
        return Promise.resolve(
          answer({ issuer, userinfo_endpoint: 'https://info.example.com/me', sub: 'u1' }),
        );
      },
    } as unknown as OutboundClient);
  const provider = oidc({ platform: 'oidc', issuer: 'https://id.example.com', scopes: ['openid'] });
  const request = { path: provider.account.path, accessToken: 't' };
  // Some name themselves with a slash at the end.
  const requests = documentOf('https://id.example.com/');
  await requests.get(provider, request);
  await requests.get(provider, request);
  expect(asked).toEqual([
    'https://id.example.com/.well-known/openid-configuration',
    'https://info.example.com/me',
    'https://info.example.com/me',
  ]);
  await expect(documentOf('https://evil.example.com').get(provider, request)).rejects.toMatchObject({
    code: 'upstream-failed',
  });
});
