import { Global, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Presence, RedisConnections, Sessions } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { Degradations } from '../degraded/degradations.js';
import { RedisSettings } from '../redis/redis.settings.js';

const from = <T>(make: (connections: RedisConnections, options: { prefix: string }) => T) => ({
  inject: [RedisConnections, RedisSettings, RuntimeSettings],
  useFactory: (
    connections: RedisConnections,
    { keyPrefix }: RedisSettings,
    { environment }: RuntimeSettings,
  ) => make(connections, { prefix: `${keyPrefix}:${environment}` }),
});

/** Who is online, and through which sockets: `Presence` and `Sessions` of `@rapport/redis`, injectable anywhere. */
@Global()
@Module({
  providers: [
    { provide: Presence, ...from((connections, options) => new Presence(connections, options)) },
    { provide: Sessions, ...from((connections, options) => new Sessions(connections, options)) },
  ],
  exports: [Presence, Sessions],
})
export class PresenceModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(Presence) private readonly presence: Presence,
    @Inject(Sessions) private readonly sessions: Sessions,
    private readonly degradations: Degradations,
  ) {}

  onModuleInit(): void {
    this.degradations.watch('presence', () => this.presence.degraded || this.sessions.degraded);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.presence.close(), this.sessions.close()]);
  }
}
