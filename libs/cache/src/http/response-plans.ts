import { Inject, Injectable, Logger, type ExecutionContext, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { CacheEngine } from '../cache-engine.js';
import { CacheDeclarationError } from '../cache.errors.js';
import { CACHE_OPTIONS, type CacheModuleOptions } from '../cache.options.js';
import type { AnyCache } from '../declare/cache-declaration.js';
import { CACHE_ENGINE } from '../declare/engine-binding.js';
import { principalOfGuards } from './principal.js';
import { ResponsePlan } from './response-plan.js';
import { checkRoute, routeDeclarationOf, type RouteDeclaration } from './route-declaration.js';

const plansOfEngines = new WeakMap<CacheEngine, ResponsePlans>();

/** The routes of the application that the engine belongs to. */
export const plansOf = (engine: CacheEngine): ResponsePlans | undefined => plansOfEngines.get(engine);

/** The cached routes of one application. Meets all of them at boot, so that a wrong one stops it. */
@Injectable()
export class ResponsePlans implements OnModuleInit {
  private readonly plans = new Map<object, ResponsePlan | undefined>();

  constructor(
    @Inject(CACHE_ENGINE) readonly engine: CacheEngine,
    @Inject(CACHE_OPTIONS) private readonly options: CacheModuleOptions,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {
    plansOfEngines.set(engine, this);
  }

  onModuleInit(): void {
    const controllers = new Set(this.discovery.getControllers());
    for (const wrapper of [...controllers, ...this.discovery.getProviders()]) {
      const prototype = (wrapper.metatype as { prototype?: object } | null)?.prototype;
      if (!prototype) continue;
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        this.meet(prototype, method, controllers.has(wrapper));
      }
    }
  }

  private meet(prototype: object, method: string, isController: boolean): void {
    const handler = (prototype as Record<string, object>)[method]!;
    const declaration = routeDeclarationOf(handler);
    if (!declaration) return;
    if (!isController) {
      throw new CacheDeclarationError(
        `cache "${declaration.cache.name}": ${prototype.constructor.name}.${method} is no route; @CacheResponse goes on controllers, use @Cacheable here.`,
      );
    }
    checkRoute(declaration, prototype, method);
    this.plan(handler, prototype.constructor);
  }

  /** The plan of the route that a request is for; undefined when its responses are not cached. */
  planOf(context: ExecutionContext): ResponsePlan | undefined {
    const handler = context.getHandler();
    return (
      this.plans.get(handler) ??
      (this.plans.has(handler) ? undefined : this.plan(handler, context.getClass()))
    );
  }

  private plan(handler: object, controller: object): ResponsePlan | undefined {
    const declaration = routeDeclarationOf(handler);
    const label = `${(controller as { name: string }).name}.${(handler as { name: string }).name}`;
    const plan = this.plans.get(handler) ?? (declaration && this.newPlan(declaration, label));
    this.plans.set(handler, plan);
    return plan;
  }

  private newPlan({ cache, options }: RouteDeclaration, label: string): ResponsePlan {
    const region = this.engine.region(cache);
    const other = [...this.plans.values()].find((plan) => plan?.region === region);
    if (other) {
      throw new CacheDeclarationError(
        `cache "${cache.name}": ${other.label} and ${label} would answer with each other's responses; declare a cache for each.`,
      );
    }
    checkCache(cache);
    const { http, logger = new Logger('Cache') } = this.options;
    return new ResponsePlan(label, region, options, http?.principal ?? principalOfGuards, logger);
  }
}

/** What a cache of values can do in the background, and a cache of responses cannot. */
const BACKGROUND = ['stale', 'earlyRefresh', 'refreshAhead', 'timeout'] as const;

function checkCache({ name, options }: AnyCache): void {
  const wrong = BACKGROUND.find((option) => options[option] !== undefined);
  if (wrong) {
    throw new CacheDeclarationError(
      `cache "${name}": ${wrong} needs loads in the background, but a response is only made while its client waits; remove it.`,
    );
  }
  if (typeof options.ttl === 'function') {
    throw new CacheDeclarationError(
      `cache "${name}": ttl is a function; clients are told how long a response lives, so give it a fixed ttl.`,
    );
  }
}
