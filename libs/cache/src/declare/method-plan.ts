import type { CacheEngine } from '../cache-engine.js';
import { CacheDeclarationError } from '../cache.errors.js';
import type { AnnouncedWrite } from '../flight/writer.js';
import type { Region } from '../region.js';
import type { EvictOutcome } from '../tiers/tier.js';
import type { AnyCache } from './cache-declaration.js';
import type { WarmStep } from './cache-warm.decorator.js';
import { engineOf, makeBindable } from './engine-binding.js';

type Arguments = readonly unknown[];
type Method = (this: object, ...args: unknown[]) => unknown;

/** Finds the declaration; inline ones are made when first asked, after the class's `@CacheConfig` is known. */
export type DeclarationSource = () => AnyCache;

/** The read of a cached method; at most one a method. */
export interface ReadStep {
  readonly kind: 'one' | 'many';
  readonly cache: DeclarationSource;
  /** The cache's arguments from the method's; absent when they are the same. */
  readonly argsOf?: (...args: unknown[]) => Arguments;
  readonly condition?: (...args: unknown[]) => boolean;
  readonly unless?: (value: unknown, ...args: unknown[]) => boolean;
  /** The id of an item, for `many`. */
  readonly idOf?: (item: unknown) => unknown;
}

/** Something done with caches because the method ran. */
export interface WriteStep {
  readonly caches: readonly DeclarationSource[];
  readonly when: 'before' | 'after';
  /** Called before the method, with its arguments; undefined when this call changes nothing. */
  prepare(engine: CacheEngine, args: unknown[]): Promise<AnnouncedWrite | undefined>;
}

/** A write that was not announced: something is done once it has succeeded. */
export const afterSuccess = (settle: (result: unknown) => Promise<EvictOutcome>): AnnouncedWrite => ({
  done: settle,
  failed: async () => 'applied',
  undelivered: [],
});

const plans = new WeakMap<object, MethodPlan>();

/** Everything the decorators of one method ask for, in the order they are written. */
export class MethodPlan {
  private read?: ReadStep;
  private warm?: WarmStep;
  private readonly writes: WriteStep[] = [];

  private constructor(
    /** `Class.method`, for messages. */
    readonly label: string,
    private readonly original: Method,
  ) {}

  /** The plan of a decorated method. Stacked decorators share one, so that none can hide another's failure. */
  static of(target: object, property: string | symbol, descriptor: PropertyDescriptor): MethodPlan {
    const original: unknown = descriptor.value;
    if (typeof original !== 'function' || typeof target === 'function') {
      const label = `${nameOf(target)}.${String(property)}`;
      throw new CacheDeclarationError(`${label} cannot be cached; cache decorators go on instance methods.`);
    }
    const known = plans.get(original);
    if (known) return known;
    makeBindable(target);
    const plan = new MethodPlan(`${nameOf(target)}.${String(property)}`, original as Method);
    const wrapper = wrap(original as Method, plan);
    plans.set(wrapper, plan);
    descriptor.value = wrapper;
    return plan;
  }

  /** The plan of a function that a decorator made. */
  static find(method: unknown): MethodPlan | undefined {
    return typeof method === 'function' ? plans.get(method) : undefined;
  }

  readThrough(step: ReadStep): void {
    if (this.read) {
      throw new CacheDeclarationError(
        `${this.label} has two @Cacheable decorators; keep one, a call can only have one answer.`,
      );
    }
    this.read = step;
  }

  /** Decorators run bottom up; steps are kept in the order they are written. */
  write(step: WriteStep): void {
    this.writes.unshift(step);
  }

  warmWith(step: WarmStep): void {
    this.warm = step;
  }

  get warmStep(): WarmStep | undefined {
    return this.warm;
  }

  get readStep(): ReadStep | undefined {
    return this.read;
  }

  get declarations(): AnyCache[] {
    const sources = [...(this.read ? [this.read.cache] : []), ...this.writes.flatMap((step) => step.caches)];
    return sources.map((source) => source());
  }

  run(engine: CacheEngine, instance: object, args: unknown[]): Promise<unknown> {
    return this.writes.length === 0
      ? this.invoke(engine, instance, args)
      : this.runWithWrites(engine, instance, args);
  }

  private invoke(engine: CacheEngine, instance: object, args: unknown[]): Promise<unknown> {
    const read = this.read;
    try {
      if (!read || (read.condition && !read.condition(...args))) return this.load(instance, args);
      if (read.kind === 'many') {
        return engine.readMany(read, args, (...given) => this.load(instance, given));
      }
      const region = engine.region(read.cache());
      const cacheArgs = read.argsOf ? read.argsOf(...args) : args;
      const key = region.keyOf(cacheArgs);
      return engine.hit(region, key) ?? this.readThroughTo(engine, region, cacheArgs, key, instance, args);
    } catch (error) {
      return rejection(error);
    }
  }

  /** Apart from {@link invoke}, so that a hit pays for no closure. */
  private readThroughTo(
    engine: CacheEngine,
    region: Region,
    cacheArgs: Arguments,
    key: string,
    instance: object,
    args: unknown[],
  ): Promise<unknown> {
    const unless = this.read?.unless;
    return engine.readKey(region, cacheArgs, key, {
      run: () => this.load(instance, args),
      unless: unless && ((value) => unless(value, ...args)),
    });
  }

  private load(instance: object, args: unknown[]): Promise<unknown> {
    const answer = this.original.apply(instance, args);
    if (isPromise(answer)) return answer;
    throw new CacheDeclarationError(
      `${this.label} returned a value at once; cache decorators change it to a promise, so declare the method async.`,
    );
  }

  private async runWithWrites(engine: CacheEngine, instance: object, args: unknown[]): Promise<unknown> {
    const failures: unknown[] = [];
    const prepare = async (when: WriteStep['when']): Promise<AnnouncedWrite[]> => {
      const steps = this.writes.filter((step) => step.when === when);
      const prepared = await Promise.allSettled(steps.map(async (step) => step.prepare(engine, args)));
      // The key function of one step failed: the others still happen, the caller hears of it afterwards.
      collect(prepared, failures);
      return prepared.flatMap((step) => (step.status === 'fulfilled' && step.value ? [step.value] : []));
    };
    await settleAll(await prepare('before'), (step) => step.done(undefined), failures);
    const steps = await prepare('after');
    const undelivered = steps.flatMap((step) => step.undelivered);
    let result: unknown;
    try {
      result = await engine.writer.run(undelivered, () => this.invoke(engine, instance, args));
    } catch (error) {
      // It may have changed something all the same; what was announced is dropped.
      await settleAll(steps, (step) => step.failed(), failures);
      throw error;
    }
    await settleAll(steps, (step) => step.done(result), failures);
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, `${this.label}: several cache steps failed`);
    return result;
  }
}

async function settleAll(
  steps: readonly AnnouncedWrite[],
  settle: (step: AnnouncedWrite) => Promise<unknown>,
  failures: unknown[],
): Promise<void> {
  collect(await Promise.allSettled(steps.map(async (step) => settle(step))), failures);
}

function collect(outcomes: readonly PromiseSettledResult<unknown>[], failures: unknown[]): void {
  for (const outcome of outcomes) if (outcome.status === 'rejected') failures.push(outcome.reason);
}

function wrap(original: Method, plan: MethodPlan): Method {
  const wrapper = function (this: object, ...args: unknown[]): unknown {
    const engine = engineOf(this);
    return engine === undefined ? original.apply(this, args) : plan.run(engine, this, args);
  };
  Object.defineProperty(wrapper, 'name', { value: original.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
  // Guards, routes, schedules and documentation keep their marks on the function itself.
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  }
  return wrapper;
}

/** The wrapper is not async, so that a hit costs no second promise; errors still have to be rejections. */
async function rejection(error: unknown): Promise<never> {
  throw error;
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | undefined)?.then === 'function';

const nameOf = (target: object): string =>
  typeof target === 'function' ? target.name : target.constructor.name;
