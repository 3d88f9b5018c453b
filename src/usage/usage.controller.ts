import { Controller, Get, Param } from '@nestjs/common';
import type { Actor } from '../platform/actor/actor.js';
import { CurrentActor } from '../platform/actor/actor.decorators.js';
import { IdParam } from '../platform/http/id-param.pipe.js';
import { UsageCounters, UsageToday } from './usage.dto.js';
import { UsageService } from './usage.service.js';

@Controller()
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  /** All of the caller's counters for today. */
  @Get('auth/usage')
  today(@CurrentActor() actor: Actor): Promise<UsageToday> {
    return this.usage.today(actor);
  }

  /** What the caller may still send to one character today. */
  @Get('usage/characters/:characterId')
  ofCharacter(
    @CurrentActor() actor: Actor,
    @Param('characterId', IdParam) characterId: string,
  ): Promise<UsageCounters> {
    return this.usage.counters(actor, characterId);
  }
}
