import type { Provider } from '../provider.js';
import { at, countOf, idOf, labelsOf, listOf, query, textOf } from '../reading.js';

const PAGE = 200;

/** https://discord.com/developers/docs/topics/oauth2, https://discord.com/developers/docs/topics/rate-limits */
export const discord: Provider = {
  platform: 'discord',
  title: 'Discord',
  grant: {
    authorizeUrl: 'https://discord.com/oauth2/authorize',
    tokenUrl: 'https://discord.com/api/oauth2/token',
    revokeUrl: 'https://discord.com/api/oauth2/token/revoke',
    scopes: ['identify', 'guilds', 'connections'],
    clientAuth: 'basic',
  },
  account: {
    path: '/users/@me',
    read: (body) => {
      const id = idOf(at(body, 'id'));
      const avatar = textOf(at(body, 'avatar'));
      return id === undefined
        ? undefined
        : {
            id,
            name: textOf(at(body, 'global_name')) ?? textOf(at(body, 'username')),
            pictureUrl:
              avatar && /^\w+$/.test(avatar)
                ? `https://cdn.discordapp.com/avatars/${id}/${avatar}.png`
                : undefined,
          };
    },
  },
  api: {
    baseUrl: 'https://discord.com/api/v10',
    // The limits of single routes are told by the headers only; this is the one over all of them.
    limit: {
      per: 'account',
      requests: 50,
      windowMs: 1_000,
      headers: {
        limit: 'x-ratelimit-limit',
        remaining: 'x-ratelimit-remaining',
        reset: 'x-ratelimit-reset-after',
        resetIs: 'delta',
      },
    },
  },
  kinds: {
    communities: {
      title: 'Your communities',
      scopes: ['guilds', 'connections'],
      steps: [
        {
          name: 'servers',
          path: (after) => `/users/@me/guilds?${query({ limit: PAGE, after, with_counts: 'true' })}`,
          list: listOf,
          // Sorted by id; a page that is not full is the last.
          next: ({ body }) => {
            const servers = listOf(body) ?? [];
            return servers.length < PAGE ? undefined : idOf(at(servers.at(-1), 'id'));
          },
          item: (raw) => {
            const id = idOf(at(raw, 'id'));
            if (!id) return undefined;
            const members = countOf(at(raw, 'approximate_member_count'));
            return {
              id: `server:${id}`,
              title: textOf(at(raw, 'name')),
              labels: members !== undefined && members <= 50 ? ['community', 'friends'] : ['community'],
              weight: at(raw, 'owner') === true ? 3 : 1,
            };
          },
        },
        {
          name: 'connections',
          path: () => '/users/@me/connections',
          list: listOf,
          next: () => undefined,
          item: (raw) => {
            const type = idOf(at(raw, 'type'));
            const id = idOf(at(raw, 'id'));
            if (!id || !type) return undefined;
            return { id: `connection:${type}:${id}`, title: type, labels: labelsOf(type) };
          },
        },
      ],
    },
  },
};
