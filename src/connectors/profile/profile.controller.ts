import { Controller, Get } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { ConnectedProfiles } from './profile.dto.js';
import { PlatformProfiles } from './profile.service.js';

@Controller('connectors/profile')
export class PlatformProfileController {
  constructor(private readonly profiles: PlatformProfiles) {}

  /** Reads who the caller is on the platforms that they have connected */
  @Get()
  async get(@CurrentActor() actor: Actor): Promise<ConnectedProfiles> {
    return { items: [...(await this.profiles.of(actor.id))] };
  }
}
