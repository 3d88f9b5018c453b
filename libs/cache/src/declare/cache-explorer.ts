import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { CacheEngine } from '../cache-engine.js';
import { CacheDeclarationError } from '../cache.errors.js';
import { CACHE_ENGINE, bindEngine } from './engine-binding.js';
import type { WarmStep } from './cache-warm.decorator.js';
import { MethodPlan } from './method-plan.js';
import { trackNesting } from '../flight/load.js';
import { inBatches } from '../move/in-batches.js';

/** Types whose values can always be part of a key, as `design:paramtypes` names them; interfaces become `Object`. */
const ENCODABLE: ReadonlySet<unknown> = new Set([
  String,
  Number,
  Boolean,
  BigInt,
  Date,
  Array,
  Object,
  undefined,
]);

/** Meets every provider and controller once at boot: wrong declarations stop it, factory-made instances are bound. */
@Injectable()
export class CacheExplorer implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger('Cache');
  private readonly toWarm: WarmCall[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
  ) {}

  onModuleInit(): void {
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
      if (typeof instance === 'object' && instance !== null) {
        bindEngine(instance, this.engine);
        this.register(Object.getPrototypeOf(instance) as object | null, instance);
      } else if (typeof wrapper.metatype === 'function') {
        this.register((wrapper.metatype.prototype ?? null) as object | null);
      }
    }
  }

  onApplicationBootstrap(): void {
    for (const call of this.toWarm) void this.warm(call);
    for (const name of this.engine.unusedOverrides()) {
      this.logger.warn(`ttlOverrides names "${name}", but no cache has that name; check the spelling.`);
    }
  }

  /** Never rejects. */
  private async warm({ instance, property, step, label }: WarmCall): Promise<void> {
    try {
      const method = (instance as Record<string, (...args: unknown[]) => Promise<unknown>>)[property]!;
      const report = await inBatches(await step.argsList(instance), step.batch, async (args) => {
        await method.apply(instance, [...args]);
        return true;
      });
      const { total, failed, tookMs } = report;
      this.logger.log(`${label} was called for ${total} entries in ${Math.round(tookMs)} ms.`);
      if (failed.length > 0)
        this.logger.warn(
          `${label} failed for ${failed.length} of them; the first: ${String(failed[0]!.error)}`,
        );
    } catch (error) {
      this.logger.warn(`${label} could not be warmed: ${String(error)}`);
    }
  }

  private register(prototype: object | null, instance?: object): void {
    // A cached method that overrides one may call it, which is then a read inside a load of the same key.
    const seen = new Set<string>();
    for (
      let owner = prototype;
      owner && owner !== Object.prototype;
      owner = Object.getPrototypeOf(owner) as object
    ) {
      for (const [property, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
        const plan = MethodPlan.find(value);
        if (!plan) continue;
        if (seen.has(property)) trackNesting();
        seen.add(property);
        for (const declaration of plan.declarations) this.engine.region(declaration);
        checkArguments(plan, owner, property);
        if (plan.warmStep) this.registerWarm(plan, plan.warmStep, property, instance);
      }
    }
  }

  private registerWarm(plan: MethodPlan, step: WarmStep, property: string, instance?: object): void {
    if (!plan.readStep) {
      throw new CacheDeclarationError(
        `${plan.label} has @CacheWarm but nothing that caches its answers; add @Cacheable.`,
      );
    }
    if (!instance) {
      throw new CacheDeclarationError(
        `${plan.label} has @CacheWarm, but there is no instance at the start; @CacheWarm needs a provider of the default scope.`,
      );
    }
    this.toWarm.push({ instance, property, step, label: plan.label });
  }
}

interface WarmCall {
  readonly instance: object;
  readonly property: string;
  readonly step: WarmStep;
  readonly label: string;
}

function checkArguments(plan: MethodPlan, owner: object, property: string): void {
  const read = plan.readStep;
  if (!read || read.kind === 'many' || read.argsOf || read.cache().options.key) return;
  const types = (Reflect.getMetadata('design:paramtypes', owner, property) ?? []) as unknown[];
  const at = types.findIndex((type) => !ENCODABLE.has(type));
  if (at < 0) return;
  throw new CacheDeclarationError(
    `cache "${read.cache().name}": argument ${at} of ${plan.label} is a ${(types[at] as { name: string }).name}, which cannot be part of a key; declare key: (...) => [...].`,
  );
}
