import { Controller, Get, Query } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { CurrentActor } from '../../platform/actor/actor.decorators.js';
import { FoundPage, SearchQuery } from './search.dto.js';
import { SearchService } from './search.service.js';

@Controller('conversations/search')
export class SearchController {
  constructor(private readonly found: SearchService) {}

  /** Finds messages in one's own conversations by their words, the newest first */
  @Get()
  search(@CurrentActor() actor: Actor, @Query() query: SearchQuery): Promise<FoundPage> {
    return this.found.search(actor, query);
  }
}
