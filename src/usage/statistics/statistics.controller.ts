import { Controller, Get, Query } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { AdminOnly, CurrentActor } from '../../platform/actor/actor.decorators.js';
import { ActiveUsersService } from './active-users.service.js';
import {
  ActiveUsersQuery,
  AggregatesQuery,
  AnalyticsQuery,
  DailyActiveUsers,
  MessageAnalytics,
  UsageAggregates,
} from './statistics.dto.js';
import { StatisticsService } from './statistics.service.js';

@Controller('usage')
export class StatisticsController {
  constructor(
    private readonly statistics: StatisticsService,
    private readonly activeUsers: ActiveUsersService,
  ) {}

  /**
   * What the caller used by hour, day or ISO week of a time zone.
   * @remarks At most 400 buckets. A day on which the clocks are changed is one bucket of 23 or 25 hours.
   */
  @Get('aggregates')
  aggregates(@CurrentActor() actor: Actor, @Query() query: AggregatesQuery): Promise<UsageAggregates> {
    return this.statistics.aggregates(actor, query);
  }

  /**
   * Messages by character, kind or hour of the day: the caller's, or for administrators everybody's.
   * @remarks At most 400 days, in UTC.
   */
  @Get('analytics/messages')
  messages(@CurrentActor() actor: Actor, @Query() query: AnalyticsQuery): Promise<MessageAnalytics> {
    return this.statistics.messages(actor, query);
  }

  /**
   * How many users were active on each UTC day.
   * @remarks At most 400 days.
   */
  @Get('analytics/daily-active-users')
  @AdminOnly()
  dailyActiveUsers(@Query() query: ActiveUsersQuery): Promise<DailyActiveUsers> {
    return this.activeUsers.daily(query);
  }
}
