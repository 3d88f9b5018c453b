import type { ExtractedItem, ExtractionStep, Provider } from '../provider.js';
import {
  at,
  countOf,
  dateOf,
  idOf,
  labelsOf,
  listOf,
  parameterOf,
  query,
  textOf,
  webUrlOf,
} from '../reading.js';

const PAGE = 50;

/** A list that is read by offset: its answers have `items`, `total`, and an address as `next`. */
const byOffset = (
  name: string,
  path: string,
  item: (raw: unknown) => ExtractedItem | undefined,
): ExtractionStep => ({
  name,
  path: (offset) => `${path}${path.includes('?') ? '&' : '?'}${query({ limit: PAGE, offset })}`,
  list: (body) => listOf(at(body, 'items')),
  next: ({ body }) => parameterOf(at(body, 'next'), 'offset'),
  total: (body) => countOf(at(body, 'total')),
  item,
});

const track = (raw: unknown): { id?: string; title?: string } => {
  const id = idOf(at(raw, 'id'));
  const name = textOf(at(raw, 'name'));
  const artist = textOf(at(raw, 'artists', 0, 'name'));
  return { id, title: name && artist ? `${artist} – ${name}` : name };
};

/**
 * https://developer.spotify.com/documentation/web-api. Spotify has no way to take a grant back but the person's own
 * account page.
 */
export const spotify: Provider = {
  platform: 'spotify',
  title: 'Spotify',
  grant: {
    authorizeUrl: 'https://accounts.spotify.com/authorize',
    tokenUrl: 'https://accounts.spotify.com/api/token',
    scopes: [
      'user-read-private',
      'user-top-read',
      'user-read-recently-played',
      'user-library-read',
      'playlist-read-private',
    ],
    clientAuth: 'basic',
  },
  account: {
    path: '/me',
    read: (body) => {
      const id = idOf(at(body, 'id'));
      return id === undefined
        ? undefined
        : {
            id,
            name: textOf(at(body, 'display_name')),
            profileUrl: webUrlOf(at(body, 'external_urls', 'spotify')),
            pictureUrl: webUrlOf(at(body, 'images', 0, 'url')),
          };
    },
  },
  api: {
    baseUrl: 'https://api.spotify.com/v1',
    // Counted for the application in a rolling window of 30 s; how many is not published (concepts/rate-limits). This is
    // what applications in development mode report to get; above it `Retry-After` decides.
    limit: { per: 'app', requests: 90, windowMs: 30_000 },
  },
  kinds: {
    listening: {
      title: 'What you listen to',
      scopes: ['user-top-read', 'user-read-recently-played'],
      steps: [
        byOffset('top artists', '/me/top/artists?time_range=medium_term', (raw) => {
          const id = idOf(at(raw, 'id'));
          const genres = labelsOf(at(raw, 'genres'));
          return id === undefined
            ? undefined
            : {
                id: `artist:${id}`,
                title: textOf(at(raw, 'name')),
                labels: genres.length > 0 ? genres : ['music'],
                weight: 3,
              };
        }),
        {
          name: 'recently played',
          path: (before, since) =>
            `/me/player/recently-played?${query(
              before === undefined ? { limit: PAGE, after: since?.getTime() } : { limit: PAGE, before },
            )}`,
          list: (body) => listOf(at(body, 'items')),
          // Spotify keeps the last fifty or so; a further page is of older ones.
          next: ({ body }) => parameterOf(at(body, 'next'), 'before'),
          item: (raw) => {
            const { id, title } = track(at(raw, 'track'));
            const playedAt = dateOf(at(raw, 'played_at'));
            if (!id || !playedAt) return undefined;
            return { id: `play:${id}@${playedAt.getTime()}`, at: playedAt, title, labels: ['music'] };
          },
        },
      ],
    },
    library: {
      title: 'Your saved music',
      scopes: ['user-library-read', 'playlist-read-private'],
      steps: [
        byOffset('saved tracks', '/me/tracks', (raw) => {
          const { id, title } = track(at(raw, 'track'));
          return id === undefined
            ? undefined
            : { id: `track:${id}`, at: dateOf(at(raw, 'added_at')), title, labels: ['music'] };
        }),
        byOffset('playlists', '/me/playlists', (raw) => {
          const id = idOf(at(raw, 'id'));
          return id === undefined
            ? undefined
            : { id: `playlist:${id}`, title: textOf(at(raw, 'name')), labels: ['playlists'], weight: 2 };
        }),
      ],
    },
  },
};
