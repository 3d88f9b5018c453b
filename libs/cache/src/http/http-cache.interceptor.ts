import {
  GatewayTimeoutException,
  Injectable,
  Optional,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { catchError, from, map, of, throwError, type Observable } from 'rxjs';
import type { CacheEngine } from '../cache-engine.js';
import { cacheStatusMember } from './cache-status.js';
import { FreshAnswer } from './fresh-answer.js';
import type { HttpRequest } from './http-request.js';
import { captureBody, rawOf, type PlatformResponse } from './platform-response.js';
import { askedOf, type Asked } from './request-directives.js';
import type { ResponseKey, ResponsePlan } from './response-plan.js';
import { ResponsePlans } from './response-plans.js';
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
  readonly next: CallHandler;
}

type Answer = Observable<unknown>;

/** Responses that are being made under one interceptor already, in case there are two. */
const underWay = new WeakSet<object>();

/**
 * Answers the routes of `@CacheResponse` from their caches; the decorator installs it. Install it yourself (globally or
 * on a controller) where it should stand outside of other interceptors, so that they do not run on hits.
 */
@Injectable()
export class HttpCacheInterceptor implements NestInterceptor {
  constructor(@Optional() private readonly plans?: ResponsePlans) {}

  intercept(context: ExecutionContext, next: CallHandler): Answer | Promise<Answer> {
    const { plans } = this;
    // Without the module (a controller's unit test, say) the handler just runs.
    if (!plans || context.getType() !== 'http') return next.handle();
    const plan = plans.planOf(context.getHandler(), context.getClass().name);
    if (!plan) return next.handle();
    const request: HttpRequest = context.getArgByIndex(0);
    const response: PlatformResponse = context.getArgByIndex(1);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || underWay.has(response)) return next.handle();
    const key = keyOf(plan, request);
    const asked = askedOf(request, plan.requestDirectives);
    if (!key || asked.noStore) return passBy(plan, response, next);
    return answer({ engine: plans.engine, plan, key, asked, request, response, next });
  }
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

async function answer(exchange: Exchange): Promise<Answer> {
  const { engine, plan, key, asked } = exchange;
  let storedKey = key.base;
  if (key.variant !== undefined) {
    const of = await variantsOf(exchange);
    if (of === undefined) return outdated(exchange);
    storedKey = plan.variantKey(key, of);
  }
  const hit = engine.hit(plan.region, storedKey) as Promise<CachedResponse> | undefined;
  if (!hit) return readThrough(exchange, storedKey);
  const stored = await hit;
  if (stored.kind !== 'response') return outdated(exchange);
  return plan.ageOf(stored) > asked.maxAge ? passing(exchange) : answerWith(exchange, stored, 'l1');
}

/** What the keys of a resource's variants begin with, until the next evict. */
async function variantsOf({ engine, plan, key }: Exchange): Promise<string | undefined> {
  const { args, base } = key;
  const variants = (await (engine.hit(plan.region, base) ??
    engine.readKey(plan.region, args, base, { run: newVariants }))) as CachedResponse;
  return variants.kind === 'variants' ? variants.of : undefined;
}

/** The route had one response for all and now has several, or the reverse; what it had goes. */
async function outdated(exchange: Exchange): Promise<Answer> {
  await exchange.engine.evict(exchange.plan.region, [exchange.key.args]);
  return passing(exchange);
}

/** Resolves as soon as it is known who answers: a stored response, or this request's own handler. */
function readThrough(exchange: Exchange, storedKey: string): Promise<Answer> {
  const { engine, plan, key, asked } = exchange;
  const startedAt = Date.now();
  return new Promise<Answer>((resolve, reject) => {
    let leads = false;
    let answered = false;
    const read: Promise<unknown> = engine.readKey(plan.region, key.args, storedKey, {
      run: () => {
        // A refresh after the answer has no request left that a response could be made for.
        if (answered || asked.onlyIfCached) return Promise.resolve(null);
        leads = true;
        return new Promise<StoredResponse | null>((store, fail) =>
          resolve(lead(exchange, { read: () => read, store, fail })),
        );
      },
      unless: (value) => value === null,
    });
    read.then(
      (value) => {
        answered = true;
        if (leads) return;
        const stored = value as CachedResponse | null;
        if (stored?.kind !== 'response' || plan.ageOf(stored) > asked.maxAge) {
          if (asked.onlyIfCached) reject(notCached());
          else resolve(passing(exchange));
        } else resolve(answerWith(exchange, stored, stored.at >= startedAt ? 'collapsed' : 'l2'));
      },
      (error: unknown) => (leads ? undefined : reject(error as Error)),
    );
  });
}

/** The load that this request's handler is. */
interface LeadingLoad {
  /** What the cache makes of the load, in the end. */
  read(): Promise<unknown>;
  store(stored: StoredResponse | null): void;
  fail(error: unknown): void;
}

/** Runs the handler, and tells the load what went out. */
function lead(exchange: Exchange, load: LeadingLoad): Answer {
  const { plan, request, response, next } = exchange;
  const fresh = new FreshAnswer(plan, request, response);
  underWay.add(response);
  const letGo = captureBody(
    response,
    (body) => {
      const done = fresh.complete(body);
      load.store(done.stored ?? null);
      return done.body;
    },
    () => load.store(null),
  );
  return next.handle().pipe(
    catchError((error: unknown) => {
      letGo();
      // A client that went away takes its own request along, not those that wait for the same response.
      if (rawOf(response).destroyed) {
        load.store(null);
        return throwError(() => error);
      }
      load.fail(error);
      // The cache may have something to answer an error with.
      return from(load.read()).pipe(map((value) => answerOf(exchange, value as StoredResponse, 'l2')));
    }),
  );
}

const answerOf = (exchange: Exchange, stored: StoredResponse, source: HitSource): string | undefined =>
  answerFrom(stored, source, exchange.plan, exchange.request, exchange.response);

const answerWith = (exchange: Exchange, stored: StoredResponse, source: HitSource): Answer =>
  of(answerOf(exchange, stored, source));

const passing = ({ plan, response, next }: Exchange): Answer => passBy(plan, response, next);

/** The handler answers, and nothing of it is stored. */
function passBy(plan: ResponsePlan, response: PlatformResponse, next: CallHandler): Answer {
  addCacheStatus(response, cacheStatusMember({ cache: plan.region.name, fwd: 'bypass' }));
  addVary(response, plan);
  if (response.getHeader('cache-control') === undefined)
    response.header('cache-control', 'private, no-cache');
  return next.handle();
}

const newVariants = (): Promise<ResponseVariants> =>
  Promise.resolve({ kind: 'variants', of: randomBytes(9).toString('base64url') });

const notCached = (): Error =>
  new GatewayTimeoutException('Nothing is cached, and the request asked for nothing else.');
