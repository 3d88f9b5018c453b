import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { CacheEngine } from '../cache-engine.js';
import { CacheDeclarationError } from '../cache.errors.js';
import { CACHE_OPTIONS, type CacheModuleOptions } from '../cache.options.js';
import { CACHE_ENGINE } from '../declare/engine-binding.js';
import { principalOfGuards } from './principal.js';
import { ResponsePlan } from './response-plan.js';
import { checkRoute, routeDeclarationOf, type RouteDeclaration } from './route-declaration.js';

/** The cached routes of one application. Meets all of them at boot, so that a wrong one stops it. */
@Injectable()
export class ResponsePlans implements OnModuleInit {
  private readonly plans = new Map<object, ResponsePlan | undefined>();

  constructor(
    @Inject(CACHE_ENGINE) readonly engine: CacheEngine,
    @Inject(CACHE_OPTIONS) private readonly options: CacheModuleOptions,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

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
    this.planOf(handler, prototype.constructor.name);
  }

  /** The plan of a route's handler; undefined when its responses are not cached. */
  planOf(handler: object, controller: string): ResponsePlan | undefined {
    const known = this.plans.get(handler);
    if (known || this.plans.has(handler)) return known;
    const declaration = routeDeclarationOf(handler);
    const plan =
      declaration && this.newPlan(declaration, `${controller}.${(handler as { name: string }).name}`);
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
    const { http, logger = new Logger('Cache') } = this.options;
    return new ResponsePlan(label, region, options, http?.principal ?? principalOfGuards, logger);
  }
}
