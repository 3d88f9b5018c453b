import { Controller, Get, Param, Query } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { IdParam } from '../../platform/http/id-param.pipe.js';
import { CharacterStats, StatsQuery, toStats } from './character-stats.dto.js';
import { CharacterStatsService } from './character-stats.service.js';

@Controller('characters/:id/stats')
export class CharacterStatsController {
  constructor(private readonly stats: CharacterStatsService) {}

  /** How much a character is used, for whoever may see it */
  @Get()
  async get(
    @CurrentActor() actor: Actor,
    @Param('id', IdParam) id: string,
    @Query() { window }: StatsQuery,
  ): Promise<CharacterStats> {
    return toStats(await this.stats.get(actor, id), window);
  }
}
