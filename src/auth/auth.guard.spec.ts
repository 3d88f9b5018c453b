import { HttpAdapterHost, Reflector } from '@nestjs/core';
import type { ExecutionContext } from '@nestjs/common';
import { AdminOnly, Public } from '../platform/actor/actor.decorators.js';
import type { ApiKeysService } from './api-keys/api-keys.service.js';
import { AuthGuard } from './auth.guard.js';
import type { TokensService } from './tokens.service.js';

class Topics {
  closed(): void {}
  @Public()
  open(): void {}
  @AdminOnly()
  admin(): void {}
}

/** A socket event: the handshake has left the actor on the socket. */
const event = (handler: keyof Topics, data: object) =>
  ({
    getType: () => 'ws',
    getHandler: () => Topics.prototype[handler],
    getClass: () => Topics,
    switchToWs: () => ({ getClient: () => ({ data }) }),
  }) as unknown as ExecutionContext;

describe('the guard on socket events', () => {
  const guard = new AuthGuard(
    new Reflector(),
    {} as TokensService,
    {} as ApiKeysService,
    new HttpAdapterHost(),
  );

  it('is closed to a socket without an actor, whatever the event says', async () => {
    await expect(guard.canActivate(event('closed', {}))).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(guard.canActivate(event('open', {}))).resolves.toBe(true);
  });

  it('lets the actor of the handshake through, and only administrators where it says so', async () => {
    const user = { actor: { id: 'ann', role: 'user' } };
    await expect(guard.canActivate(event('closed', user))).resolves.toBe(true);
    await expect(guard.canActivate(event('admin', user))).rejects.toMatchObject({ code: 'forbidden' });
    await expect(guard.canActivate(event('admin', { actor: { id: 'root', role: 'admin' } }))).resolves.toBe(
      true,
    );
  });
});
