import { AsyncLocalStorage } from 'node:async_hooks';

/** How one cached read was answered. */
export interface ReadStatus {
  readonly cache: string;
  /** The tier that had it. */
  readonly hit?: 'l1' | 'l2';
  /** Why the loader was asked instead. */
  readonly fwd?: 'miss' | 'bypass';
  /** Whether the loaded value was stored. */
  readonly stored?: boolean;
  /** Whether the read waited for another one's load. */
  readonly collapsed?: boolean;
  /** How much longer the value is fresh. */
  readonly ttlMs?: number;
}

/** More reads than this are not listed: a header is for people. */
const MOST_READS = 10;

const scopes = new AsyncLocalStorage<string[]>();
let anyScope = false;

/** False until the first scope is opened, so that programs without one pay nothing on a hit. */
export const isRecordingStatus = (): boolean => anyScope && scopes.getStore() !== undefined;

export function recordStatus(status: ReadStatus): void {
  const members = scopes.getStore();
  if (members && members.length < MOST_READS) members.push(cacheStatusMember(status));
}

/**
 * Runs `fn` and everything it awaits in a scope of its own, which remembers how cached reads were answered.
 *
 * @example
 * await runWithCacheStatus(async () => {
 *   await characters.find(id);
 *   reply.header('cache-status', cacheStatusHeader());   // character; hit; ttl=58; detail=l1
 * });
 */
export function runWithCacheStatus<T>(fn: () => T): T {
  anyScope = true;
  return scopes.run([], fn);
}

/** The `Cache-Status` field (RFC 9211) of the current scope; undefined when nothing cached was read. */
export function cacheStatusHeader(): string | undefined {
  const members = scopes.getStore();
  return members && members.length > 0 ? members.join(', ') : undefined;
}

/** One member of the field, in RFC 8941 syntax. */
export function cacheStatusMember(status: ReadStatus): string {
  let member = itemOf(status.cache);
  if (status.hit)
    member += `; hit; ttl=${Math.max(0, Math.floor((status.ttlMs ?? 0) / 1_000))}; detail=${status.hit}`;
  if (status.fwd) member += `; fwd=${status.fwd}`;
  if (status.stored) member += '; stored';
  if (status.collapsed) member += '; collapsed';
  return member;
}

const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/;

/** A token, or a quoted string where the name is none (it begins with a digit, say). */
function itemOf(name: string): string {
  return TOKEN.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}
