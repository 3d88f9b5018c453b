import {
  createParamDecorator,
  SetMetadata,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import type { Actor } from './actor.js';

export const PUBLIC_ROUTE = 'rapport:public';
export const REQUIRED_ROLE = 'rapport:role';
export const ALSO_WHEN_CLOSED = 'rapport:also-when-closed';

/** Opens a route to anonymous callers. Everything else is closed. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC_ROUTE, true);

/** Only for administrators; others get 403. */
export const AdminOnly = (): CustomDecorator => SetMetadata(REQUIRED_ROLE, 'admin');

/** Also for those whose account is closed, as long as their access token is in time; others get 401. */
export const AlsoWhenClosed = (): CustomDecorator => SetMetadata(ALSO_WHEN_CLOSED, true);

/** The {@link Actor} that the guard put on the request. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const { actor } = context.switchToHttp().getRequest<{ actor?: Actor }>();
  if (!actor) throw new Error('@CurrentActor() on a @Public() route: there is nobody to give.');
  return actor;
});
