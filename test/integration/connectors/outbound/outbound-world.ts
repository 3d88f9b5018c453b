import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ConnectorSettings } from '../../../../src/connectors/connectors.settings.js';
import { OutboundClient } from '../../../../src/connectors/outbound/outbound-client.js';
import type { OutboundRequest } from '../../../../src/connectors/outbound/outbound.js';
import type { Lookup } from '../../../../src/connectors/outbound/public-connections.js';
import { AppError } from '../../../../src/platform/errors/app-error.js';

export const SECRET = 'token-that-must-not-show';
export const JSON_HEADERS = { 'content-type': 'application/json' };

export const send = (
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body = '',
): void => void response.writeHead(status, headers).end(body);

const well: RequestListener = (_request, response) => send(response, 200, JSON_HEADERS, '{"ok":true}');

/** A server that answers as a test says, and clients that ask it. */
export class OutboundWorld {
  answer = well;
  seen: IncomingMessage[] = [];
  readonly sockets = new Set<Socket>();
  private readonly server = createServer((request, response) => {
    this.seen.push(request);
    this.answer(request, response);
  });
  private readonly clients: OutboundClient[] = [];

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  clientOf(trustedHosts: string[] = [this.host], lookup?: Lookup): OutboundClient {
    const client = new OutboundClient(Object.assign(new ConnectorSettings(), { trustedHosts }), lookup);
    this.clients.push(client);
    return client;
  }

  async start(): Promise<void> {
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  /** As if nothing had been asked yet. */
  reset(): void {
    this.seen = [];
    this.answer = well;
  }

  async closeClients(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.onApplicationShutdown()));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Names that resolve as a test says. */
export const resolving = (...addresses: string[]): { lookup: Lookup; asked: string[] } => {
  const asked: string[] = [];
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return {
    asked,
    lookup: (name, { all }, callback) => {
      asked.push(name);
      if (all) callback(null, found);
      else callback(null, found[0]!.address, found[0]!.family);
    },
  };
};

/** What a request fails with; it must say nothing of what was sent. */
export async function failure(
  client: OutboundClient,
  url: string,
  request: OutboundRequest = {},
): Promise<AppError> {
  const address = new URL(url);
  address.searchParams.set('access_token', SECRET);
  const headers = { authorization: `Bearer ${SECRET}`, ...request.headers };
  const error: unknown = await client
    .json(address.href, { of: 'Chirp', ...request, headers: request.headers ?? headers })
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(AppError);
  const { message, stack, cause } = error as AppError;
  expect(JSON.stringify([message, stack, cause])).not.toContain(SECRET);
  expect(message).toMatch(/^Chirp /);
  return error as AppError;
}
