import { once } from 'node:events';
import { Inject, Injectable, Optional, type OnApplicationShutdown } from '@nestjs/common';
import { errors as undici, type Dispatcher } from 'undici';
import { AppError } from '../../platform/errors/app-error.js';
import { ConnectorSettings } from '../connectors.settings.js';
import { BodyFault, discard } from './bounded-body.js';
import type { OutboundAnswer, OutboundRequest } from './outbound.js';
import { asUnsent, faultOf, outboundFailed, outboundTimeout } from './outbound.errors.js';
import { publicConnections, trustedConnections, type Lookup } from './public-connections.js';
import { notesSending, type Sending } from './sending.js';
import { readAnswer, type ReadAnswer } from './read-answer.js';
import { TrustedHosts } from './trusted-hosts.js';

/** How names become addresses; `dns.lookup` where nothing is provided. */
const LOOKUP = Symbol('lookup');

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 2 * 1_048_576;
const MAX_REDIRECTS = 3;

/** One exchange: what was asked for, with everything decided. */
interface Exchange extends Required<Pick<OutboundRequest, 'of' | 'timeoutMs' | 'maxBytes' | 'method'>> {
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  followsRedirects: boolean;
  sending: Sending;
}

/**
 * Requests to services of others, none of which is trusted: https and public addresses only, except at the hosts of
 * CONNECTOR_TRUSTED_HOSTS; a deadline for the whole answer; no more of it than the limit; JSON or nothing. Redirects are
 * followed within the same origin, and only by requests that carry neither credentials nor a body.
 */
@Injectable()
export class OutboundClient implements OnApplicationShutdown {
  private readonly hosts: TrustedHosts;
  private readonly userAgent: string;
  private readonly connections: { trusted: Dispatcher; open: Dispatcher };

  constructor({ trustedHosts, userAgent }: ConnectorSettings, @Optional() @Inject(LOOKUP) lookup?: Lookup) {
    this.hosts = new TrustedHosts(trustedHosts);
    this.userAgent = userAgent;
    this.connections = {
      trusted: trustedConnections(lookup).compose(notesSending),
      open: publicConnections(lookup).compose(notesSending),
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Object.values(this.connections).map((agent) => agent.destroy()));
  }

  /** Whether an address may be private, and plain http. */
  trusts(url: URL): boolean {
    return this.hosts.has(url);
  }

  /**
   * The answer, whatever its status. An error's body that is no JSON counts as empty.
   * @throws upstream-failed, upstream-timeout; the signal's reason
   */
  async json(url: string, request: OutboundRequest = {}): Promise<OutboundAnswer> {
    const { status, headers, body } = await this.exchange(url, request);
    return { status, headers, body };
  }

  /** The same with the shape of `fetch`, for libraries. Redirects are refused. */
  readonly fetch = async (
    url: string,
    { method, headers, body, signal }: FetchRequest = {},
  ): Promise<Response> => {
    const form: Record<string, string> = body instanceof URLSearchParams ? { 'content-type': FORM } : {};
    const request = {
      method: method as OutboundRequest['method'],
      headers: { ...form, ...Object.fromEntries(new Headers(headers)) },
      body: textOf(body),
      signal,
    };
    const answer = await this.exchange(url, request, false);
    const { status, text } = answer;
    return new Response(text === '' ? null : text, { status, headers: answer.headers });
  };

  private async exchange(
    address: string,
    request: OutboundRequest,
    followsRedirects = true,
  ): Promise<ReadAnswer> {
    const { signal, timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, method = 'GET', body } = request;
    signal?.throwIfAborted();
    const url = parsed(address, request.of);
    const of = request.of ?? url.hostname;
    // Not AbortSignal.any: on Node 20 what it makes is kept as long as the caller's signal lives.
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener('abort', end, { once: true });
    const sending: Sending = { hasBegun: false };
    // A request whose connection does not come about yet takes no notice of its signal.
    const ended = once(ending.signal, 'abort').then(() => Promise.reject(new Error('ended')));
    try {
      const headers = { accept: 'application/json', ...lowerCased(request.headers) };
      const answered = this.follow(url, {
        ...{ of, timeoutMs, maxBytes, method, body, followsRedirects, sending, signal: ending.signal },
        headers: { ...headers, 'user-agent': this.userAgent, 'accept-encoding': 'gzip, deflate, br' },
      });
      return await Promise.race([answered, ended]);
    } catch (error) {
      signal?.throwIfAborted();
      const fault = ending.signal.aborted ? outboundTimeout(of, timeoutMs) : asFault(of, error);
      throw sending.hasBegun ? fault : asUnsent(fault);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
    }
  }

  private async follow(url: URL, exchange: Exchange): Promise<ReadAnswer> {
    const { of, headers, body, followsRedirects } = exchange;
    const isBare = body === undefined && !('authorization' in headers) && !('cookie' in headers);
    let from = url;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.ask(from, exchange);
      const location = answer.headers.location;
      if (answer.statusCode < 300 || answer.statusCode >= 400 || location === undefined)
        return readAnswer(answer, exchange.maxBytes);
      discard(answer.body);
      if (!followsRedirects || !isBare)
        throw outboundFailed(of, 'redirects a request that is not to be redirected');
      if (redirects === MAX_REDIRECTS) throw outboundFailed(of, `redirects more than ${MAX_REDIRECTS} times`);
      const to = parsed(String(location), of, from);
      if (to.origin !== from.origin) throw outboundFailed(of, 'redirects to somebody else');
      from = to;
    }
  }

  private ask(url: URL, exchange: Exchange): Promise<Dispatcher.ResponseData<Sending>> {
    const { of, method, headers, body, signal, sending } = exchange;
    const isTrusted = this.trusts(url);
    if (url.protocol !== 'https:' && !(isTrusted && url.protocol === 'http:'))
      throw outboundFailed(of, 'is to be asked over https only');
    if (url.username !== '' || url.password !== '')
      throw outboundFailed(of, 'has an address with credentials in it');
    const agent = isTrusted ? this.connections.trusted : this.connections.open;
    return agent.request({
      ...{ origin: url.origin, path: url.pathname + url.search },
      ...{ method, headers, body, signal, opaque: sending },
    });
  }
}

function asFault(of: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof BodyFault) return outboundFailed(of, error.message);
  if (error instanceof undici.InvalidArgumentError) return outboundFailed(of, 'cannot be asked like this');
  return outboundFailed(of, faultOf(error));
}

const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';

/** As much of `RequestInit` as is heeded. */
interface FetchRequest {
  method?: string;
  headers?: ConstructorParameters<typeof Headers>[0];
  body?: unknown;
  signal?: AbortSignal;
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string') return body;
  if (body instanceof URLSearchParams) return body.toString();
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8');
  throw new TypeError('A body of this kind cannot be sent.');
}

function parsed(address: string, of: string | undefined, base?: URL): URL {
  if (!URL.canParse(address, base)) throw outboundFailed(of ?? 'The service', 'has an address that is none');
  return new URL(address, base);
}

const lowerCased = (headers: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
