import type { OutboundAnswer } from '../../outbound/outbound.js';
import type { ExtractedItem, ExtractionStep, Provider } from '../provider.js';
import { at, countOf, dateOf, idOf, labelsOf, listOf, query, textOf, webUrlOf } from '../reading.js';

const PAGE = 50;
const YOUTUBE = 'https://www.googleapis.com/auth/youtube.readonly';
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

const ofYouTube = (
  name: string,
  path: string,
  parameters: Record<string, string>,
  item: (raw: unknown) => ExtractedItem | undefined,
): ExtractionStep => ({
  name,
  path: (pageToken) => `/youtube/v3/${path}?${query({ ...parameters, maxResults: PAGE, pageToken })}`,
  list: (body) => listOf(at(body, 'items')),
  next: ({ body }) => textOf(at(body, 'nextPageToken')),
  total: (body) => countOf(at(body, 'pageInfo', 'totalResults')),
  item,
});

/** Topics come as addresses of Wikipedia articles, such as https://en.wikipedia.org/wiki/Rock_music. */
const topics = (raw: unknown): string[] =>
  (listOf(at(raw, 'topicDetails', 'topicCategories')) ?? []).flatMap((address) => {
    const name = typeof address === 'string' ? address.split('/wiki/')[1] : undefined;
    return name === undefined ? [] : [decoded(name).replace(/_\(.*\)$/, '')];
  });

/** https://developers.google.com/identity/openid-connect/openid-connect, https://developers.google.com/youtube/v3 */
export const google: Provider = {
  platform: 'google',
  title: 'Google',
  grant: {
    issuer: 'https://accounts.google.com',
    revokeUrl: 'https://oauth2.googleapis.com/revoke',
    scopes: ['openid', 'profile', YOUTUBE],
    // A refresh token is given only with offline access, and for certain only after a consent.
    parameters: () => ({ access_type: 'offline', prompt: 'consent' }),
  },
  account: {
    path: '/oauth2/v3/userinfo',
    read: (body) => {
      const id = idOf(at(body, 'sub'));
      return id === undefined
        ? undefined
        : { id, name: textOf(at(body, 'name')), pictureUrl: webUrlOf(at(body, 'picture')) };
    },
  },
  api: {
    baseUrl: 'https://www.googleapis.com',
    // Units of the project in a day; a list costs one (https://developers.google.com/youtube/v3/determine_quota_cost).
    limit: { per: 'app', requests: 10_000, windowMs: 24 * HOUR_MS, busyMs: exceeded },
  },
  kinds: {
    watching: {
      title: 'What you watch on YouTube',
      scopes: [YOUTUBE],
      steps: [
        ofYouTube('subscriptions', 'subscriptions', { part: 'snippet', mine: 'true' }, (raw) => {
          const id = idOf(at(raw, 'snippet', 'resourceId', 'channelId'));
          return id === undefined
            ? undefined
            : {
                id: `channel:${id}`,
                at: dateOf(at(raw, 'snippet', 'publishedAt')),
                title: textOf(at(raw, 'snippet', 'title')),
                labels: ['video'],
                weight: 2,
              };
        }),
        ofYouTube('liked videos', 'videos', { part: 'snippet,topicDetails', myRating: 'like' }, (raw) => {
          const id = idOf(at(raw, 'id'));
          const about = labelsOf(topics(raw), at(raw, 'snippet', 'tags'));
          return id === undefined
            ? undefined
            : {
                id: `video:${id}`,
                title: textOf(at(raw, 'snippet', 'title')),
                labels: about.length > 0 ? about : ['video'],
              };
        }),
      ],
    },
  },
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Limits come as 403 with a reason (https://developers.google.com/youtube/v3/docs/errors); the day's ends at midnight. */
function exceeded({ status, body }: OutboundAnswer): number | undefined {
  if (status !== 403) return undefined;
  const reason = textOf(at(body, 'error', 'errors', 0, 'reason')) ?? '';
  if (/^(?:user)?rateLimitExceeded$/i.test(reason)) return 10 * SECOND_MS;
  return /^(?:quotaExceeded|dailyLimitExceeded)$/.test(reason) ? HOUR_MS : undefined;
}
