import type { INestApplication } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { PUBLIC_ROUTE, REQUIRED_ROLE } from '../actor/actor.decorators.js';
import { IDEMPOTENT } from '../idempotency/idempotent.decorator.js';

/** What guards and interceptors know about a route and the document must say. */
export interface RouteNotes {
  isPublic: boolean;
  adminOnly: boolean;
  idempotent: boolean;
}

/** `CharactersController.list` becomes `characters_list`: a stable, readable name for generated clients. */
export function operationId(controllerKey: string, methodKey: string): string {
  const controller = controllerKey.replace(/Controller$/, '');
  return `${controller.charAt(0).toLowerCase()}${controller.slice(1)}_${methodKey}`;
}

/** The notes of every controller method by {@link operationId}. Needs `DiscoveryModule` in the application. */
export function collectRouteNotes(app: INestApplication): Map<string, RouteNotes> {
  const notes = new Map<string, RouteNotes>();
  const scanner = app.get(MetadataScanner, { strict: false });
  for (const { metatype } of app.get(DiscoveryService, { strict: false }).getControllers()) {
    if (typeof metatype !== 'function') continue;
    const prototype = metatype.prototype as Record<string, unknown>;
    for (const method of scanner.getAllMethodNames(prototype)) {
      const handler = prototype[method] as object;
      const marked = (key: string): unknown =>
        Reflect.getMetadata(key, handler) ?? (Reflect.getMetadata(key, metatype) as unknown);
      notes.set(operationId(metatype.name, method), {
        isPublic: marked(PUBLIC_ROUTE) === true,
        adminOnly: marked(REQUIRED_ROLE) === 'admin',
        idempotent: marked(IDEMPOTENT) === true,
      });
    }
  }
  return notes;
}
