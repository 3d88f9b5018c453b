import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import { WarmsAtLogin } from '../../platform/warm-up/warms-at-login.decorator.js';
import type { PlatformProfile } from '../connections/connection.types.js';
import { Connections } from '../connections/connections.service.js';
import { platformProfiles } from '../connectors.cache.js';

/** People as their platforms show them. */
@Injectable()
export class PlatformProfiles {
  constructor(private readonly connections: Connections) {}

  @WarmsAtLogin()
  @Cacheable(platformProfiles)
  of(userId: string): Promise<PlatformProfile[]> {
    return this.connections.profilesOf(userId);
  }
}
