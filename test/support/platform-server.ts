import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectStatus, type Person } from './api-client.js';

/** A request for a page, as it came. */
export interface PageRequest {
  /** Without the query. */
  path: string;
  offset: number;
  query: URLSearchParams;
  /** Milliseconds of this process's clock. */
  at: number;
  token: string | undefined;
  /** What the client calls itself. */
  agent: string | undefined;
}

/** What a request is answered with in place of its page. */
export interface OddAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

const TRACKS = '/v1/me/tracks';
const PLAYLISTS = '/v1/me/playlists';
/** Nobody listens. */
const ARTISTS = '/v1/me/top/artists';
export const PLAYED = '/v1/me/player/recently-played';
/** Of all that there is. */
export const ALL_SCOPES = [
  'user-read-private',
  'user-top-read',
  'user-read-recently-played',
  'user-library-read',
  'playlist-read-private',
];

/** A platform on loopback that answers as Spotify does: it grants to everybody, and has tracks and playlists in pages. */
export class PlatformServer {
  /** Ids of saved tracks; a test may change them. */
  tracks: string[] = [];
  playlists: string[] = [];
  scopes = ALL_SCOPES;
  /** Whose account it is. */
  account = 'listener';
  /** Grants are taken back: none is renewed. */
  refusesGrants = false;
  /** Milliseconds before each page. */
  delayMs = 0;
  /** Asked before each page, in the order of the requests. */
  answer: (request: PageRequest) => OddAnswer | undefined | Promise<OddAnswer | undefined> = () => undefined;
  readonly requests: PageRequest[] = [];
  private readonly server = createServer((request, response) => {
    this.handle(request, response).catch(() => response.destroy());
  });

  static async start(): Promise<PlatformServer> {
    const platform = new PlatformServer();
    await new Promise<void>((resolve) => platform.server.listen(0, '127.0.0.1', resolve));
    return platform;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Those of a service that takes this for Spotify. */
  get settings(): Record<string, string> {
    const url = `http://${this.host}`;
    return {
      CONNECTOR_SPOTIFY_CLIENT_ID: 'rapport',
      CONNECTOR_SPOTIFY_CLIENT_SECRET: 'a client secret',
      CONNECTOR_ENDPOINTS: `spotify.api=${url}/v1,spotify.token=${url}/token,spotify.authorize=${url}/authorize`,
      CONNECTOR_TRUSTED_HOSTS: this.host,
      // Tests ask faster than Spotify takes it.
      CONNECTOR_LIMITS: 'spotify=100000/1m',
    };
  }

  /** Pages that were asked for, as `path?offset`. */
  get asked(): string[] {
    return this.requests.map(({ path, offset }) => `${path}?${offset}`);
  }

  /** As a person does it in a browser, who says yes. */
  async connect(person: Person): Promise<void> {
    const returnUrl = `${person.url}/`;
    const begun = await person.post<{ state: string }>('/api/connectors/spotify/authorizations', {
      returnUrl,
      force: true,
    });
    const { state } = expectStatus(201, begun);
    const [cookie = ''] = (begun.headers.get('set-cookie') ?? '').split(';');
    const query = new URLSearchParams({ code: randomUUID(), state });
    const answer = await fetch(`${person.url}/api/connectors/spotify/callback?${query}`, {
      headers: { cookie, accept: 'application/json' },
      redirect: 'manual',
    });
    if (answer.status !== 200) throw new Error(`Not connected: ${answer.status} ${await answer.text()}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    request.resume();
    switch (url.pathname) {
      case '/token':
        if (this.refusesGrants) return send(response, { error: 'invalid_grant' }, 400);
        return send(response, {
          access_token: `access-${randomUUID()}`,
          refresh_token: `refresh-${randomUUID()}`,
          token_type: 'Bearer',
          expires_in: 3_600,
          scope: this.scopes.join(' '),
        });
      case '/v1/me':
        return send(response, { id: this.account, display_name: 'A listener' });
      case TRACKS:
      case PLAYLISTS:
      case ARTISTS:
      case PLAYED:
        return this.page(url, request, response);
      default:
        return send(response, { error: 'There is nothing here.' }, 404);
    }
  }

  private async page(url: URL, { headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [limit, offset] = ['limit', 'offset'].map((name) => Number(url.searchParams.get(name) ?? 0)) as [
      number,
      number,
    ];
    const { authorization: token, 'user-agent': agent } = headers;
    const asked = {
      path: url.pathname,
      offset,
      query: url.searchParams,
      at: performance.now(),
      token,
      agent,
    };
    this.requests.push(asked);
    if (this.delayMs > 0) await sleep(this.delayMs);
    const odd = await this.answer(asked);
    if (odd) {
      response.writeHead(odd.status ?? 200, { 'content-type': 'application/json', ...odd.headers });
      response.end(odd.body ?? '{}');
      return;
    }
    const lists = new Map([
      [TRACKS, this.tracks.map(trackOf)],
      [PLAYLISTS, this.playlists.map(playlistOf)],
    ]);
    const all = lists.get(url.pathname) ?? [];
    const items = all.slice(offset, offset + limit);
    const after = offset + limit;
    const next = after < all.length ? `http://${this.host}${url.pathname}?offset=${after}` : null;
    send(response, { items, next, total: all.length });
  }
}

const trackOf = (id: string): object => ({
  added_at: '2026-01-02T03:04:05Z',
  track: { id, name: `Song ${id}`, artists: [{ name: 'Somebody' }] },
});

const playlistOf = (id: string): object => ({ id, name: `List ${id}` });

function send(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
