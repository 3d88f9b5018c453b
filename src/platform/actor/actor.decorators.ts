import {
  createParamDecorator,
  SetMetadata,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import type { Actor } from './actor.js';

export const PUBLIC_ROUTE = 'rapport:public';
export const REQUIRED_ROLE = 'rapport:role';

/** Opens a route to anonymous callers. Everything else is closed. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC_ROUTE, true);

/** Only for administrators; others get 403. */
export const AdminOnly = (): CustomDecorator => SetMetadata(REQUIRED_ROLE, 'admin');

/** The {@link Actor} that the guard put on the request. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const { actor } = context.switchToHttp().getRequest<{ actor?: Actor }>();
  if (!actor) throw new Error('@CurrentActor() on a @Public() route: there is nobody to give.');
  return actor;
});
