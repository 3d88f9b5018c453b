import { Inject, Optional } from '@nestjs/common';
import type { CacheEngine } from '../cache-engine.js';

/** Injection token of the engine of one application. */
export const CACHE_ENGINE = Symbol('@rapport/cache:engine');

const BOUND = Symbol('@rapport/cache:bound-engine');

interface Bindable {
  [BOUND]?: CacheEngine;
}

/**
 * Lets every instance of a class know the engine of the application that made it, without a global: Nest injects the
 * property into each instance (request-scoped, transient and inherited ones too). Outside Nest it stays undefined.
 */
export function makeBindable(prototype: object): void {
  if (BOUND in prototype) return;
  Object.defineProperty(prototype, BOUND, {
    configurable: true,
    get: () => undefined,
    // Not enumerable, so that the engine never shows up in a copy or a comparison of the instance.
    set(this: object, engine: CacheEngine) {
      Object.defineProperty(this, BOUND, { value: engine, configurable: true, writable: true });
    },
  });
  Inject(CACHE_ENGINE)(prototype, BOUND);
  Optional()(prototype, BOUND);
}

/** The engine of the application that made the instance. */
export const engineOf = (instance: object): CacheEngine | undefined => (instance as Bindable)[BOUND];

/** Binds an instance that Nest did not construct (`useFactory`, `useValue`); the first application to see it keeps it. */
export function bindEngine(instance: object, engine: CacheEngine): void {
  const bindable = instance as Bindable;
  if (BOUND in bindable && bindable[BOUND] === undefined) bindable[BOUND] = engine;
}
