import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { CacheEngine } from '../cache-engine.js';
import { CacheDeclarationError } from '../cache.errors.js';
import { CACHE_ENGINE, bindEngine } from './engine-binding.js';
import { MethodPlan } from './method-plan.js';

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
  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
  ) {}

  onModuleInit(): void {
    for (const wrapper of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
      if (typeof instance === 'object' && instance !== null) {
        bindEngine(instance, this.engine);
        this.register(Object.getPrototypeOf(instance) as object | null);
      } else if (typeof wrapper.metatype === 'function') {
        this.register((wrapper.metatype.prototype ?? null) as object | null);
      }
    }
  }

  onApplicationBootstrap(): void {
    for (const name of this.engine.unusedOverrides()) {
      new Logger('Cache').warn(
        `ttlOverrides names "${name}", but no cache has that name; check the spelling.`,
      );
    }
  }

  private register(prototype: object | null): void {
    for (
      let owner = prototype;
      owner && owner !== Object.prototype;
      owner = Object.getPrototypeOf(owner) as object
    ) {
      for (const [property, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
        const plan = MethodPlan.find(value);
        if (!plan) continue;
        for (const declaration of plan.declarations) this.engine.region(declaration);
        checkArguments(plan, owner, property);
      }
    }
  }
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
