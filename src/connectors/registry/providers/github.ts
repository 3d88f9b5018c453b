import type { OutboundAnswer } from '../../outbound/outbound.js';
import type { ExtractionStep, Provider } from '../provider.js';
import {
  at,
  dateOf,
  idOf,
  labelsOf,
  linkOf,
  listOf,
  parameterOf,
  query,
  textOf,
  webUrlOf,
} from '../reading.js';

const PAGE = 100;
const MINUTE_MS = 60_000;

/** A list with numbered pages; the next one stands in the `Link` header. Stars take no heed of `since`. */
const byPage = (
  name: string,
  path: string,
  headers?: Record<string, string>,
): Omit<ExtractionStep, 'item'> => ({
  name,
  headers,
  path: (page, since) => `${path}?${query({ per_page: PAGE, page, since: since?.toISOString() })}`,
  list: listOf,
  next: ({ headers: answered }) => parameterOf(linkOf(answered.get('link'), 'next'), 'page'),
});

const aboutRepository = (raw: unknown): { id: string; title?: string; labels: string[] } | undefined => {
  const id = idOf(at(raw, 'id'));
  if (!id) return undefined;
  const labels = labelsOf(at(raw, 'language'), at(raw, 'topics'));
  return { id, title: textOf(at(raw, 'full_name')), labels };
};

/** https://docs.github.com/rest, https://docs.github.com/apps/oauth-apps */
export const github: Provider = {
  platform: 'github',
  title: 'GitHub',
  grant: {
    authorizeUrl: 'https://github.com/login/oauth/authorize',
    tokenUrl: 'https://github.com/login/oauth/access_token',
    // https://docs.github.com/rest/apps/oauth-applications#delete-an-app-token
    revoke: {
      method: 'DELETE',
      url: 'https://api.github.com/applications/{client_id}/token',
      tokenField: 'access_token',
    },
    // What is public needs none; `repo` would be needed for private repositories, and allows writing to them.
    scopes: ['read:user'],
  },
  account: {
    path: '/user',
    read: (body) => {
      const id = idOf(at(body, 'id'));
      return id === undefined
        ? undefined
        : {
            id,
            name: textOf(at(body, 'name')) ?? textOf(at(body, 'login')),
            profileUrl: webUrlOf(at(body, 'html_url')),
            pictureUrl: webUrlOf(at(body, 'avatar_url')),
          };
    },
  },
  api: {
    baseUrl: 'https://api.github.com',
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    // https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    limit: {
      per: 'account',
      requests: 5_000,
      windowMs: 3_600_000,
      headers: {
        limit: 'x-ratelimit-limit',
        remaining: 'x-ratelimit-remaining',
        reset: 'x-ratelimit-reset',
        resetIs: 'epoch',
      },
      busyMs: secondaryLimit,
    },
  },
  kinds: {
    code: {
      title: 'What you program, and what you like of others',
      scopes: ['read:user'],
      steps: [
        {
          ...byPage('repositories', '/user/repos'),
          item: (raw) => {
            const repository = aboutRepository(raw);
            return (
              repository && {
                ...repository,
                id: `repository:${repository.id}`,
                at: dateOf(at(raw, 'pushed_at')) ?? dateOf(at(raw, 'created_at')),
                weight: at(raw, 'fork') === true ? 1 : 3,
              }
            );
          },
        },
        {
          // With this media type the answer says when; without it, items are the repositories themselves.
          ...byPage('stars', '/user/starred', { accept: 'application/vnd.github.star+json' }),
          item: (raw) => {
            const repository = aboutRepository(at(raw, 'repo') ?? raw);
            return (
              repository && {
                ...repository,
                id: `star:${repository.id}`,
                at: dateOf(at(raw, 'starred_at')),
              }
            );
          },
        },
      ],
    },
  },
};

/** Secondary limits come as 403, sometimes without `Retry-After`: at least a minute is asked for then. */
function secondaryLimit({ status, body }: OutboundAnswer): number | undefined {
  const isLimit = status === 403 && /rate limit/i.test(textOf(at(body, 'message')) ?? '');
  return isLimit ? MINUTE_MS : undefined;
}
