import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { engineOf, makeBindable } from '../declare/engine-binding.js';
import { plansOf } from './response-plans.js';
import { respond } from './respond.js';

type Handler = (this: object, ...args: unknown[]) => unknown;

/** The request's context as a last argument. It shows no properties, so that no pipe takes it for a body. */
class RouteContext {
  readonly #context: ExecutionContext;

  constructor(context: ExecutionContext) {
    this.#context = context;
  }

  static of(value: unknown): ExecutionContext | undefined {
    return typeof value === 'object' && value !== null && #context in value ? value.#context : undefined;
  }
}

const CurrentContext = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => new RouteContext(context),
);

/**
 * Puts the cache around a route's handler. Nest's interceptors would do too, but a single one costs more than the rest
 * of a hit; so the handler is given the context as one more parameter instead.
 */
export function wrapHandler(target: object, property: string | symbol, descriptor: PropertyDescriptor): void {
  const original = descriptor.value as Handler;
  const at = freeIndex(target, property, original);
  CurrentContext()(target, property, at);
  makeBindable(target);
  const wrapper = function (this: object, ...args: unknown[]): unknown {
    const context = RouteContext.of(args[at]);
    // A direct call (from another method, or a test) is no request.
    if (!context) return original.apply(this, args);
    args.length = at;
    const engine = engineOf(this);
    const plans = engine && plansOf(engine);
    const run = (): unknown => original.apply(this, args);
    return plans ? respond(plans, context, run) : run();
  };
  Object.defineProperty(wrapper, 'name', { value: original.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: original.length, configurable: true });
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  }
  descriptor.value = wrapper;
}

/** Behind every parameter that the handler has. */
function freeIndex(target: object, property: string | symbol, handler: Handler): number {
  const declared = (Reflect.getMetadata('design:paramtypes', target, property) ?? []) as unknown[];
  const decorated = Reflect.getMetadata(ROUTE_ARGS_METADATA, target.constructor, property) as
    Record<string, { index: number }> | undefined;
  const used = Object.values(decorated ?? {}).map(({ index }) => index + 1);
  return Math.max(declared.length, handler.length, ...used);
}
