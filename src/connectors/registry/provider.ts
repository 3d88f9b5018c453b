import type { OutboundAnswer } from '../outbound/outbound.js';

/**
 * A platform that people connect: everything the service knows of it, in one file of `providers/`. What differs between
 * platforms is said here as data and small pure functions; the protocol, the limits and the storing are the same for all.
 */
export interface Provider {
  /** Its name in paths and rows: lower-case letters, digits and hyphens. */
  readonly platform: string;
  /** As people know it. */
  readonly title: string;
  readonly grant: ProviderGrant;
  readonly account: ProviderAccount;
  readonly api: ProviderApi;
  /** What can be extracted, by kind. */
  readonly kinds: Readonly<Record<string, ExtractionKind>>;
}

/** What the service is registered as at a platform. */
export interface ProviderClient {
  readonly id: string;
  readonly secret?: string;
}

/** A platform as this installation has it. Without a client no new connection can be made. */
export type ConfiguredProvider = Provider & { readonly client?: ProviderClient };

/** How a person's consent is asked for and kept: OAuth 2.0, code with PKCE S256. */
export interface ProviderGrant {
  /** With it the addresses come from the issuer's discovery document, and id tokens and `iss` are checked. */
  readonly issuer?: string;
  readonly authorizeUrl?: string;
  readonly tokenUrl?: string;
  /** RFC 7009. */
  readonly revokeUrl?: string;
  /** What a platform without such an endpoint has in its place. */
  readonly revoke?: GrantRevocation;
  readonly scopes: readonly string[];
  /** How the client proves who it is at the token endpoint. @default 'post' */
  readonly clientAuth?: 'basic' | 'post';
  /** Further parameters of an authorisation request for these scopes, e.g. `access_type=offline`. */
  parameters?(scopes: readonly string[]): Readonly<Record<string, string>> | undefined;
}

/** A request that takes a token back, with the client's id and secret as basic credentials. */
export interface GrantRevocation {
  readonly method: 'POST' | 'DELETE';
  /** `{client_id}` in it stands for the client's id. */
  readonly url: string;
  /** The member of the JSON body that the access token goes into. */
  readonly tokenField: string;
}

/** As a path: the user-info endpoint of the issuer's discovery document, wherever that is. */
export const USERINFO = 'openid:userinfo';

/** Whose account it is. */
export interface ProviderAccount {
  /** Of the API, or {@link USERINFO}. */
  readonly path: string;
  /** Undefined for an answer that is none: the connection fails. */
  read(body: unknown): AccountFacts | undefined;
}

export interface AccountFacts {
  id: string;
  name?: string;
  profileUrl?: string;
  pictureUrl?: string;
}

export interface ProviderApi {
  /** Requests go nowhere else, whatever an answer says; e.g. `https://api.github.com`. */
  readonly baseUrl: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly limit: ProviderLimit;
}

/** How many requests the platform takes. */
export interface ProviderLimit {
  /** Whose requests are counted together. */
  readonly per: 'account' | 'app';
  readonly requests: number;
  readonly windowMs: number;
  /** Where answers tell what is left, besides `Retry-After` and `RateLimit`/`RateLimit-Policy`, which are always read. */
  readonly headers?: {
    readonly limit?: string;
    readonly remaining: string;
    readonly reset: string;
    /** epoch: seconds since 1970. delta: seconds from now. */
    readonly resetIs: 'epoch' | 'delta';
  };
  /** How long to wait after an answer that is no 429 and yet means one, where its headers do not say. */
  busyMs?(answer: OutboundAnswer): number | undefined;
}

/** One kind of extraction, e.g. what somebody listens to. */
export interface ExtractionKind {
  readonly title: string;
  /** Of the grant's scopes, those that it needs. */
  readonly scopes: readonly string[];
  /** One after the other. */
  readonly steps: readonly ExtractionStep[];
}

/** A list of the platform that is read page by page. */
export interface ExtractionStep {
  /** The phase that people see. */
  readonly name: string;
  /** Of its requests, besides those of the API. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Path and query of a page.
   * @param cursor what `next` answered for the page before; undefined for the first
   * @param since only what is newer, where the platform can tell
   */
  path(cursor: string | undefined, since: Date | undefined): string;
  /** The page's things as the platform tells them; undefined for an answer that is no such page. */
  list(body: unknown): readonly unknown[] | undefined;
  /**
   * Undefined after the last page.
   * @param cursor the page's own, as `path` got it
   */
  next(answer: OutboundAnswer, cursor: string | undefined): string | undefined;
  /** How many there are in all, if the platform says. */
  total?(body: unknown): number | undefined;
  /** Undefined for one that is left out. */
  item(raw: unknown): ExtractedItem | undefined;
  /** Pages at most. @default 100 */
  readonly maxPages?: number;
}

/** What is kept of a thing: what the signature is made of, and what people get back in their export. */
export interface ExtractedItem {
  /** The platform's, unique in its kind; the same thing read again takes its place. */
  id: string;
  /** When it was done or made, if the platform says. */
  at?: Date;
  title?: string;
  /** Lower-case words that say what it is about: genres, languages, topics. */
  labels: readonly string[];
  /** How much it tells of the person. @default 1 */
  weight?: number;
}
