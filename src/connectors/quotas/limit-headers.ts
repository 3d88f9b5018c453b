import type { ProviderLimit } from '../registry/provider.js';
import type { OutboundAnswer } from '../outbound/outbound.js';

/** What an answer tells of a limit. */
export interface LimitReading {
  limit?: number;
  remaining?: number;
  resetsInMs?: number;
  /** Nothing is to be asked before that. */
  blockedForMs?: number;
  /** Whether the request was refused for the limit. */
  isRefused: boolean;
}

const SECOND_MS = 1_000;
/** Longer than any platform means it; what is longer is an accident, or a ban that a try a day does not harm. */
const LONGEST_MS = 86_400_000;
/** After a refusal that does not say for how long. */
const DEFAULT_MS = 60_000;
const LARGEST_COUNT = 1_000_000_000;
/** Characters of a list that are read. */
const LONGEST_HEADER = 1_000;
/** Numbers above it are seconds since 1970, not seconds from now. */
const EARLIEST_EPOCH = 1_000_000_000;

interface Window {
  limit?: number;
  remaining?: number;
  resetsInMs?: number;
}

/**
 * Reads `Retry-After`, `RateLimit` and its policy (all drafts of draft-ietf-httpapi-ratelimit-headers), `X-RateLimit-*`, and the headers
 * that the platform declares. Times are taken relative to the answer's own `Date`, so that a platform's wrong clock does
 * no harm; what is no number counts as not there, what is too large is bounded.
 * @returns undefined for an answer that tells nothing
 */
export function readLimit(
  answer: OutboundAnswer,
  limit: ProviderLimit,
  nowMs = Date.now(),
): LimitReading | undefined {
  const { headers, status } = answer;
  const sentMs = epochOf(headers.get('date')) ?? nowMs;
  const tightest = tightestOf(windowsOf(headers, limit, sentMs));
  const retryMs = retryAfterOf(headers.get('retry-after'), sentMs);
  const isSpent = tightest?.remaining === 0;
  const busyMs = status < 400 ? undefined : limit.busyMs?.(answer);
  const isRefused =
    status === 429 ||
    busyMs !== undefined ||
    (status === 403 && (retryMs !== undefined || isSpent)) ||
    (status === 503 && retryMs !== undefined);
  if (!isRefused && !tightest) return undefined;
  const resetMs = isSpent ? tightest.resetsInMs : undefined;
  const waitMs = retryMs ?? resetMs ?? busyMs ?? Math.min(DEFAULT_MS, limit.windowMs);
  const blockedForMs = isRefused ? Math.max(SECOND_MS, waitMs) : resetMs;
  return { ...tightest, ...(blockedForMs ? { blockedForMs: bounded(blockedForMs) } : {}), isRefused };
}

function windowsOf(headers: Headers, { headers: names }: ProviderLimit, sentMs: number): Window[] {
  const declared: Window[] = names
    ? [
        {
          limit: names.limit === undefined ? undefined : countOf(headers.get(names.limit)),
          remaining: countOf(headers.get(names.remaining)),
          resetsInMs: resetOf(headers.get(names.reset), sentMs, names.resetIs),
        },
      ]
    : [windowOf(headers, 'x-ratelimit', sentMs)];
  return [...declared, windowOf(headers, 'ratelimit', sentMs), ...structured(headers, sentMs)];
}

const windowOf = (headers: Headers, prefix: string, sentMs: number): Window => ({
  limit: countOf(headers.get(`${prefix}-limit`)),
  remaining: countOf(headers.get(`${prefix}-remaining`)),
  resetsInMs: resetOf(headers.get(`${prefix}-reset`), sentMs),
});

/** `"default";r=50;t=30` with the quota in the policy of the same name; in older drafts `limit=100, remaining=50, reset=30`. */
function structured(headers: Headers, sentMs: number): Window[] {
  const [header = '', policy = ''] = ['ratelimit', 'ratelimit-policy'].map((name) =>
    headers.get(name)?.slice(0, LONGEST_HEADER),
  );
  if (/\bremaining\s*=/.test(header)) return [member(header, 'limit', 'remaining', 'reset', sentMs)];
  const policies = policy.split(',');
  return header.split(',').map((item) => {
    const own = policies.find((one) => nameOf(one) === nameOf(item)) ?? '';
    return { ...member(item, 'q', 'r', 't', sentMs), limit: countOf(parameterOf(own, 'q')) };
  });
}

const nameOf = (item: string): string => item.split(';', 1)[0]!.trim();

function member(text: string, limit: string, remaining: string, reset: string, sentMs: number): Window {
  return {
    limit: countOf(parameterOf(text, limit)),
    remaining: countOf(parameterOf(text, remaining)),
    resetsInMs: resetOf(parameterOf(text, reset), sentMs),
  };
}

const parameterOf = (text: string, name: string): string | null =>
  new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*([\\d.]+)`).exec(text)?.[1] ?? null;

/** Of several windows the one that has least left; of those the one that lasts longest. */
function tightestOf(windows: readonly Window[]): Window | undefined {
  const [tightest] = windows
    .filter(({ remaining }) => remaining !== undefined)
    .sort((a, b) => a.remaining! - b.remaining! || (b.resetsInMs ?? 0) - (a.resetsInMs ?? 0));
  return tightest;
}

/** A whole number; fractions and `100, 100;w=60` are in use, too. */
function countOf(text: string | null): number | undefined {
  const [, digits] = /^\s*(\d+)(?:\.\d*)?\s*(?:[,;]|$)/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Math.min(Number(digits), LARGEST_COUNT);
}

function resetOf(text: string | null, sentMs: number, is?: 'epoch' | 'delta'): number | undefined {
  const [, digits] = /^\s*(\d+(?:\.\d+)?)\s*(?:[,;]|$)/.exec(text ?? '') ?? [];
  if (digits === undefined) return undefined;
  const seconds = Number(digits);
  const isEpoch = is === undefined ? seconds >= EARLIEST_EPOCH : is === 'epoch';
  return bounded(isEpoch ? seconds * SECOND_MS - sentMs : seconds * SECOND_MS);
}

/** Seconds or a date; undefined for what is neither, and for a time that is over. */
function retryAfterOf(text: string | null, sentMs: number): number | undefined {
  if (text === null) return undefined;
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(text)) return bounded(Number(text) * SECOND_MS);
  const dateMs = epochOf(text);
  return dateMs === undefined || dateMs < sentMs ? undefined : bounded(dateMs - sentMs);
}

/** Of an HTTP date; `Date.parse` takes much for one, negative numbers among it. */
function epochOf(text: string | null): number | undefined {
  const ms = /^\s*[A-Z][a-z]{2,8},? /.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

const bounded = (ms: number): number => Math.min(LONGEST_MS, Math.max(0, Math.ceil(ms)));
