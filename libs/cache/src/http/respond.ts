import { GatewayTimeoutException, type ExecutionContext } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { catchError, from, isObservable } from 'rxjs';
import type { CacheEngine } from '../cache-engine.js';
import { currentLoads, previousValue } from '../flight/load.js';
import { ABSENT } from '../flight/load-batch.js';
import { FreshAnswer } from './fresh-answer.js';
import type { HttpRequest } from './http-request.js';
import { captureBody, type PlatformResponse } from './platform-response.js';
import { askedOf, type Asked } from './request-directives.js';
import type { ResponseKey, ResponsePlan } from './response-plan.js';
import type { ResponsePlans } from './response-plans.js';
import { addCacheStatus, addVary, answerFrom, type HitSource } from './stored-answer.js';
import type { CachedResponse, ResponseVariants, StoredResponse } from './stored-response.js';

/** One request on a cached route. */
interface Exchange {
  readonly engine: CacheEngine;
  readonly plan: ResponsePlan;
  readonly key: ResponseKey;
  readonly asked: Asked;
  readonly request: HttpRequest;
  readonly response: PlatformResponse;
  /** Runs the handler; what it answers may be a promise or an observable. */
  readonly run: () => unknown;
}

/** A response that was made, or none that may be stored. */
type Made = StoredResponse | typeof ABSENT;
/** What a read of the cache gives. */
type Read = CachedResponse | typeof ABSENT;

/** Responses that a handler is being asked for already, in case two are around it. */
const underWay = new WeakSet<object>();

/**
 * Answers a request from the cache of its route, or runs the handler and keeps what goes out. What it returns is what
 * the handler would return: a value, a promise or an observable.
 */
export function respond(plans: ResponsePlans, context: ExecutionContext, run: () => unknown): unknown {
  const plan = plans.planOf(context);
  if (!plan) return run();
  const request: HttpRequest = context.getArgByIndex(0);
  const response: PlatformResponse = context.getArgByIndex(1);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead || underWay.has(response)) return run();
  const key = keyOf(plan, request);
  const asked = askedOf(request, plan.requestDirectives);
  if (!key || asked.noStore) return passBy(plan, response, run);
  return answer({ engine: plans.engine, plan, key, asked, request, response, run });
}

/** A request of which no key can be made is the handler's to refuse. */
function keyOf(plan: ResponsePlan, request: HttpRequest): ResponseKey | undefined {
  try {
    return plan.keyOf(request);
  } catch (error) {
    plan.warnOnce(`${plan.label} has no key for a request, which passed by: ${String(error)}`);
    return undefined;
  }
}

function answer(exchange: Exchange): unknown {
  const { engine, plan, key } = exchange;
  if (key.variant === undefined) return find(exchange, key.base);
  const variants =
    engine.hit(plan.region, key.base) ??
    engine.readKey(plan.region, key.args, key.base, { run: newVariants });
  return withSettled(variants, (known) => {
    if (known === ABSENT) return passing(exchange);
    return known.kind === 'variants' ? find(exchange, plan.variantKey(key, known.of)) : outdated(exchange);
  });
}

function find(exchange: Exchange, storedKey: string): unknown {
  const { engine, plan, asked } = exchange;
  const hit = engine.hit(plan.region, storedKey);
  if (!hit) return readThrough(exchange, storedKey);
  return withSettled(hit, (stored) => {
    if (stored === ABSENT || stored.kind !== 'response') return outdated(exchange);
    return plan.ageOf(stored) > asked.maxAge ? passing(exchange) : answerWith(exchange, stored, 'l1');
  });
}

/** What L1's promises hold. L1 gives the same promise on every hit, and awaiting it costs more than the hit. */
const settled = new WeakMap<Promise<unknown>, Read>();

function withSettled(promise: Promise<unknown>, use: (value: Read) => unknown): unknown {
  const known = settled.get(promise);
  if (known) return use(known);
  return promise.then((value) => {
    settled.set(promise, value as Read);
    return use(value as Read);
  });
}

/** The route had one response for all and now has several, or the reverse; what it had goes. */
async function outdated(exchange: Exchange): Promise<unknown> {
  await exchange.engine.evict(exchange.plan.region, [exchange.key.args]);
  return passing(exchange);
}

/** Resolves as soon as it is known who answers: a stored response, or this request's own handler. */
function readThrough(exchange: Exchange, storedKey: string): Promise<unknown> {
  const { engine, plan, key, asked } = exchange;
  const startedAt = Date.now();
  return new Promise<unknown>((resolve, reject) => {
    let leads = false;
    let answered = false;
    const read: Promise<unknown> = engine.readKey(plan.region, key.args, storedKey, {
      run: () => {
        // An audit after the answer finds no request left that a response could be made for.
        if (answered || asked.onlyIfCached) return Promise.resolve(ABSENT);
        leads = true;
        return new Promise<Made>((store, fail) => resolve(lead(exchange, { read: () => read, store, fail })));
      },
    });
    read.then(
      (value) => {
        answered = true;
        if (leads) return;
        const stored = value as Read;
        if (stored !== ABSENT && stored.kind === 'variants') resolve(outdated(exchange));
        else if (stored !== ABSENT && plan.ageOf(stored) <= asked.maxAge) {
          resolve(answerWith(exchange, stored, stored.at >= startedAt ? 'collapsed' : 'l2'));
        } else if (asked.onlyIfCached) reject(notCached());
        else resolve(passing(exchange));
      },
      (error: unknown) => (leads ? undefined : reject(error as Error)),
    );
  });
}

/** The load that this request's handler is. */
interface LeadingLoad {
  /** What the cache makes of the load, in the end. */
  read(): Promise<unknown>;
  store(made: Made): void;
  fail(error: unknown): void;
}

/** Runs the handler, and tells the load what went out. */
function lead(exchange: Exchange, load: LeadingLoad): unknown {
  const { plan, request, response, run } = exchange;
  const fresh = new FreshAnswer(plan, request, response);
  underWay.add(response);
  const letGo = captureBody(
    response,
    (body) => {
      const done = fresh.complete(body);
      load.store(done.stored ?? ABSENT);
      return done.body;
    },
    // A client that went away takes its own request along, not those that wait for the same response.
    () => load.store(ABSENT),
  );
  const onError = async (error: unknown): Promise<unknown> => {
    letGo();
    load.fail(error);
    // The cache may have something to answer an error with.
    return answerWith(exchange, (await load.read()) as StoredResponse, 'l2');
  };
  return handled(run, onError);
}

/** The handler's answer, with its error handled, whichever way it comes. */
function handled(run: () => unknown, onError: (error: unknown) => Promise<unknown>): unknown {
  const called = async (): Promise<unknown> => run();
  return called().then(
    (value) =>
      isObservable(value) ? value.pipe(catchError((error: unknown) => from(onError(error)))) : value,
    onError,
  );
}

const answerWith = (exchange: Exchange, stored: StoredResponse, source: HitSource): string | undefined =>
  answerFrom(stored, source, exchange.plan, exchange.request, exchange.response);

const passing = ({ plan, response, run }: Exchange): unknown => passBy(plan, response, run);

/** The handler answers, and nothing of it is stored. */
function passBy(plan: ResponsePlan, response: PlatformResponse, run: () => unknown): unknown {
  addCacheStatus(response, plan.bypassStatus);
  addVary(response, plan);
  if (response.getHeader('cache-control') === undefined)
    response.header('cache-control', 'private, no-cache');
  return run();
}

/** An entry that has only grown old keeps its variants; after an evict there is nothing before. */
const newVariants = async (): Promise<ResponseVariants | typeof ABSENT> => {
  // Outside of a load (in a transaction, or for an audit) there is nothing that would hold them together.
  if (currentLoads() === undefined) return ABSENT;
  const before = previousValue<CachedResponse>();
  return before?.kind === 'variants'
    ? before
    : { kind: 'variants', of: randomBytes(9).toString('base64url') };
};

const notCached = (): Error =>
  new GatewayTimeoutException('Nothing is cached, and the request asked for nothing else.');
