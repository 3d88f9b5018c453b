import { Injectable } from '@nestjs/common';
import type { OutboundAnswer } from '../outbound/outbound.js';
import { OutboundClient } from '../outbound/outbound-client.js';
import { outboundFailed } from '../outbound/outbound.errors.js';
import { USERINFO, type ConfiguredProvider } from './provider.js';
import { at, textOf } from './reading.js';

const DISCOVERED_FOR_MS = 3_600_000;

interface Discovered {
  userinfo: string;
  until: number;
}

/** What is asked of a platform with somebody's token. */
export interface ProviderRequest {
  /** Of the API, or USERINFO. */
  path: string;
  accessToken: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** Sends requests where the declaration says, and nowhere else: tokens go to no other address, whatever a path says. */
@Injectable()
export class ProviderRequests {
  /** By issuer; there are as many as the settings name. */
  private readonly discovered = new Map<string, Discovered>();

  constructor(private readonly outbound: OutboundClient) {}

  /** @throws upstream-failed, upstream-timeout */
  async get(
    provider: ConfiguredProvider,
    { path, accessToken, headers, signal }: ProviderRequest,
  ): Promise<OutboundAnswer> {
    const url =
      path === USERINFO ? await this.userinfo(provider, signal) : addressOf(provider.api.baseUrl, path);
    if (url === undefined) throw outboundFailed(provider.title, 'has no such address');
    return this.outbound.json(url, {
      of: provider.title,
      headers: { ...provider.api.headers, ...headers, authorization: `Bearer ${accessToken}` },
      signal,
    });
  }

  private async userinfo(
    { title, grant }: ConfiguredProvider,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const issuer = grant.issuer ?? '';
    const known = this.discovered.get(issuer);
    if (known && known.until > performance.now()) return known.userinfo;
    const document = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
    const { status, body } = await this.outbound.json(document, { of: title, signal });
    const userinfo = textOf(at(body, 'userinfo_endpoint'));
    if (status !== 200 || !isSame(issuer, at(body, 'issuer')) || userinfo === undefined)
      throw outboundFailed(title, 'has no discovery document that names it and its user info');
    this.discovered.set(issuer, { userinfo, until: performance.now() + DISCOVERED_FOR_MS });
    return userinfo;
  }
}

/** As the authorisation compares them: https://id.example.com and https://id.example.com/ are one issuer. */
const isSame = (issuer: string, named: unknown): boolean =>
  typeof named === 'string' && URL.canParse(named) && new URL(named).href === new URL(issuer).href;

/** Undefined for one that would leave the API, such as `//elsewhere` or `/../`. */
export function addressOf(baseUrl: string, path: string): string | undefined {
  const base = baseUrl.replace(/\/+$/, '');
  if (!path.startsWith('/') || !URL.canParse(`${base}${path}`)) return undefined;
  const url = new URL(`${base}${path}`);
  const { origin, pathname } = new URL(base);
  const inside = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return url.origin === origin && url.pathname.startsWith(inside) ? url.href : undefined;
}
