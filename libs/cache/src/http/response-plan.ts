import type { LoggerService } from '@nestjs/common';
import { encodeParts } from '../codec/key-encoding.js';
import type { Region } from '../region.js';
import { cacheControl, type ClientFreshness } from './cache-control.js';
import { cacheStatusMember } from './cache-status.js';
import type { CheckedResponseOptions } from './cache-response.options.js';
import { headerOf, type HttpRequest } from './http-request.js';
import { isSomebodys, type PrincipalOf } from './principal.js';
import { CONTENT_HEADERS, type StoredResponse } from './stored-response.js';
import { varyWith } from './vary.js';

/** Where the response to one request is kept. */
export interface ResponseKey {
  readonly args: readonly unknown[];
  /** The key that evicts name. */
  readonly base: string;
  /** What tells the responses under it apart; absent where there is only one. */
  readonly variant?: string;
}

/** Header values of a hit, for responses of one age; by the source of the hit where they say it. */
interface HitLines {
  readonly age: number;
  readonly ageText: string;
  readonly cacheControl: string;
  readonly l1: string;
  readonly l2: string;
  readonly collapsed: string;
}

/** No part of a key begins like this, so that a variant can never be another resource's key. */
const VARIANT = '~v';

/** A cached route of one application: its cache, and everything about it that does not depend on the request. */
export class ResponsePlan {
  readonly storedHeaders: readonly string[];
  /** The `Vary` of a response whose handler sets none; empty for none. */
  readonly vary: string;
  /** In lower case: the headers that a handler may name in `Vary`. */
  readonly varies: readonly string[];
  readonly requestDirectives: CheckedResponseOptions['requestDirectives'];
  readonly maxBytes: number;
  readonly isPublic: boolean;
  /** `Cache-Status` of a response that the handler made, and of one that it made past the cache. */
  readonly missStatus: string;
  readonly bypassStatus: string;
  private readonly freshness: ClientFreshness;
  private readonly principal?: PrincipalOf<HttpRequest>;
  private warned = false;
  private lines?: HitLines;

  constructor(
    /** `Class.method`, for messages. */
    readonly label: string,
    readonly region: Region,
    private readonly options: CheckedResponseOptions,
    modulePrincipal: PrincipalOf<HttpRequest>,
    private readonly logger: LoggerService,
  ) {
    this.freshness = options.freshness;
    this.isPublic = options.freshness.shared;
    if (!this.isPublic) this.principal = options.principal ?? modulePrincipal;
    this.storedHeaders = [...new Set([...CONTENT_HEADERS, ...options.headers])];
    // A browser that changes its user must not answer the next one from what the first one saw.
    this.varies = this.isPublic ? options.vary : ['authorization', 'cookie', ...options.vary];
    this.vary = varyWith(undefined, this.varies);
    this.requestDirectives = options.requestDirectives;
    this.maxBytes = options.maxBytes;
    this.missStatus = cacheStatusMember({ cache: region.name, fwd: 'miss' });
    this.bypassStatus = cacheStatusMember({ cache: region.name, fwd: 'bypass' });
  }

  /** Undefined when the response is somebody's, and nobody knows whose. */
  keyOf(request: HttpRequest): ResponseKey | undefined {
    const { region, options } = this;
    const parts: (string | undefined)[] = [];
    if (this.principal) {
      const principal = this.principal(request) || undefined;
      if (principal === undefined && isSomebodys(request)) return undefined;
      parts.push(principal);
    }
    for (const name of options.vary) parts.push(headerOf(request, name));
    const args = options.key(request);
    const variant = parts.length === 0 ? undefined : encodeParts(region.name, parts);
    return { args, base: region.keyOf(args), variant };
  }

  /** The key of one variant among those that `of` stands for. */
  variantKey({ base, variant }: ResponseKey, of: string): string {
    const own = `${VARIANT}${of}:${variant}`;
    return base === '' ? own : `${base}:${own}`;
  }

  /** Requests repeat what was wrong with the first; one line says it. */
  warnOnce(message: string): void {
    if (!this.warned) this.logger.warn(`cache "${this.region.name}": ${message}`);
    this.warned = true;
  }

  /** Seconds since the response was made; another instance's clock may be ahead. */
  ageOf(stored: StoredResponse): number {
    return Math.max(0, Math.floor((Date.now() - stored.at) / 1_000));
  }

  /** For how many more seconds this cache means to keep a response of that age. */
  leftAt(age: number): number {
    return Math.max(0, Math.floor(this.region.ttlMs / 1_000) - age);
  }

  /** What all hits of one second have in common. */
  linesAt(age: number): HitLines {
    if (this.lines?.age !== age) {
      const left = this.leftAt(age);
      const status = (hit: 'l1' | 'l2'): string =>
        cacheStatusMember({ cache: this.region.name, hit, ttlMs: left * 1_000 });
      this.lines = {
        age,
        ageText: String(age),
        cacheControl: cacheControl(this.freshness, age, left),
        l1: status('l1'),
        l2: status('l2'),
        collapsed: `${this.missStatus}; collapsed`,
      };
    }
    return this.lines;
  }
}
