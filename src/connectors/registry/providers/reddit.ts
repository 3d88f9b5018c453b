import type { ExtractionStep, Provider } from '../provider.js';
import { at, dateOf, idOf, labelsOf, listOf, query, spaced, textOf, webUrlOf } from '../reading.js';

const PAGE = 100;
/** Between the name of the person, as it stands in paths, and the place in their list, in a cursor. */
const MARK = '|';

const listing = (body: unknown): readonly unknown[] | undefined => listOf(at(body, 'data', 'children'));

/** A list of things that a person has marked. Its path holds their name, so the first page asks for that. */
const ofPerson = (name: string, list: string): ExtractionStep => ({
  name,
  path: (cursor) => {
    if (cursor === undefined) return '/api/v1/me';
    const [person = '', after] = cursor.split(MARK);
    const page = query({ limit: PAGE, raw_json: 1, after: after || undefined });
    return `/user/${person}/${list}?${page}`;
  },
  list: (body) => listing(body) ?? (idOf(at(body, 'name')) === undefined ? undefined : []),
  next: ({ body }, cursor) => {
    const [person] = cursor?.split(MARK) ?? [];
    const name = textOf(at(body, 'name'));
    if (cursor === undefined) return name && `${encodeURIComponent(name)}${MARK}`;
    const after = textOf(at(body, 'data', 'after'));
    return after && `${person}${MARK}${after}`;
  },
  item: (raw) => {
    const id = idOf(at(raw, 'data', 'name'));
    return id === undefined
      ? undefined
      : {
          id: `${list}:${id}`,
          at: dateOf(at(raw, 'data', 'created_utc')),
          title: textOf(at(raw, 'data', 'title')) ?? textOf(at(raw, 'data', 'link_title')),
          labels: labelsOf(spaced(textOf(at(raw, 'data', 'subreddit')))),
        };
  },
  // Listings end after a thousand things.
  maxPages: 12,
});

/** https://www.reddit.com/dev/api, https://github.com/reddit-archive/reddit/wiki/OAuth2 */
export const reddit: Provider = {
  platform: 'reddit',
  title: 'Reddit',
  grant: {
    authorizeUrl: 'https://www.reddit.com/api/v1/authorize',
    tokenUrl: 'https://www.reddit.com/api/v1/access_token',
    revokeUrl: 'https://www.reddit.com/api/v1/revoke_token',
    scopes: ['identity', 'mysubreddits', 'history'],
    clientAuth: 'basic',
    // Without it there is no refresh token.
    parameters: () => ({ duration: 'permanent' }),
  },
  account: {
    path: '/api/v1/me',
    read: (body) => {
      const id = idOf(at(body, 'id'));
      const name = textOf(at(body, 'name'));
      return id === undefined
        ? undefined
        : {
            id,
            name,
            profileUrl: name && `https://www.reddit.com/user/${encodeURIComponent(name)}`,
            pictureUrl: webUrlOf(at(body, 'icon_img')),
          };
    },
  },
  api: {
    baseUrl: 'https://oauth.reddit.com',
    // A hundred a minute for the application; the headers tell of a period of ten minutes, in numbers with fractions.
    limit: {
      per: 'app',
      requests: 100,
      windowMs: 60_000,
      headers: { remaining: 'x-ratelimit-remaining', reset: 'x-ratelimit-reset', resetIs: 'delta' },
    },
  },
  kinds: {
    interests: {
      title: 'What interests you',
      scopes: ['identity', 'mysubreddits', 'history'],
      steps: [
        {
          name: 'subreddits',
          path: (after) => `/subreddits/mine/subscriber?${query({ limit: PAGE, raw_json: 1, after })}`,
          list: listing,
          next: ({ body }) => textOf(at(body, 'data', 'after')),
          item: (raw) => {
            const id = idOf(at(raw, 'data', 'name'));
            const name = textOf(at(raw, 'data', 'display_name'));
            return id === undefined
              ? undefined
              : {
                  id: `subreddit:${id}`,
                  title: name,
                  labels: labelsOf(spaced(name), at(raw, 'data', 'advertiser_category')),
                  weight: 2,
                };
          },
        },
        ofPerson('upvoted', 'upvoted'),
        ofPerson('saved', 'saved'),
      ],
    },
  },
};
