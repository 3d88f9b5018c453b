import { finished } from 'node:stream';
import type { FastifyRequest, preParsingHookHandler } from 'fastify';
import type { Actor } from '../actor/actor.js';
import { platformErrors } from '../errors/platform.errors.js';

/** Smaller ones are no larger than a JSON document may be, and always read. */
const LARGE_BYTES = 1_048_576;
/** Each may be 20 MiB, and in memory more than once while it is taken apart. */
const AT_ONCE = 16;
/** So that nobody who sends slowly keeps all others waiting. */
const OF_ONE_CALLER = 4;
const RETRY_MS = 1_000;

/**
 * Refuses, before a byte is read, more large bodies at once than there is memory for. One counts until its answer is sent or
 * its client gone.
 */
export function boundLargeBodies(): preParsingHookHandler {
  let all = 0;
  const ofCallers = new Map<string, number>();
  const count = (caller: string | undefined, by: 1 | -1): void => {
    all += by;
    if (caller === undefined) return;
    const own = (ofCallers.get(caller) ?? 0) + by;
    if (own > 0) ofCallers.set(caller, own);
    else ofCallers.delete(caller);
  };
  return (request: FastifyRequest & { actor?: Actor }, reply, payload, done) => {
    if (Number(request.headers['content-length']) <= LARGE_BYTES) return done(null, payload);
    const caller = request.actor?.id;
    if (caller !== undefined && (ofCallers.get(caller) ?? 0) >= OF_ONE_CALLER) {
      const detail = `At most ${OF_ONE_CALLER} large bodies at once; send it when another is answered.`;
      return done(platformErrors['rate-limited'](detail, { retryAfterMs: RETRY_MS }));
    }
    if (all >= AT_ONCE) {
      const detail = 'Too many large bodies are being read; send it again.';
      return done(platformErrors.unavailable(detail, { retryAfterMs: RETRY_MS }));
    }
    count(caller, 1);
    finished(reply.raw, () => count(caller, -1));
    done(null, payload);
  };
}
