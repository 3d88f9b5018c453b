import { Module } from '@nestjs/common';
import { ClockModule } from '../platform/clock/clock.module.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { PeriodicModule } from '../platform/jobs/periodic.module.js';
import { UsersModule } from '../users/users.module.js';
import { ReservationSweep } from './reservation-sweep.js';
import { ReservationsController } from './reservations.controller.js';
import { UsageAudit } from './usage-audit.js';
import { UsageAuditRepository } from './usage-audit.repository.js';
import { UsageCounterEntity } from './usage-counter.entity.js';
import { UsageCountersRepository } from './usage-counters.repository.js';
import { UsageLedger } from './usage-ledger.service.js';
import { UsageReservationEntity } from './usage-reservation.entity.js';
import { UsageReservationsRepository } from './usage-reservations.repository.js';
import { ActiveUsersRepository } from './statistics/active-users.repository.js';
import { ActiveUsersService } from './statistics/active-users.service.js';
import { ActiveUsersStore } from './statistics/active-users.store.js';
import { StatisticsAudit } from './statistics/statistics-audit.js';
import { StatisticsController } from './statistics/statistics.controller.js';
import { StatisticsRepository } from './statistics/statistics.repository.js';
import { StatisticsService } from './statistics/statistics.service.js';
import { StatisticsStore } from './statistics/statistics-store.js';
import { TopCharacters } from './statistics/top-characters.js';
import { UsageSettlement } from './usage-settlement.service.js';
import { UsageController } from './usage.controller.js';
import { UsageData } from './usage-data.service.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [
    ClockModule,
    PeriodicModule,
    UsersModule,
    DatabaseModule.forFeature([UsageCounterEntity, UsageReservationEntity]),
  ],
  controllers: [UsageController, ReservationsController, StatisticsController],
  providers: [
    UsageCountersRepository,
    UsageReservationsRepository,
    UsageLedger,
    UsageSettlement,
    UsageService,
    ReservationSweep,
    StatisticsRepository,
    StatisticsStore,
    UsageData,
    StatisticsAudit,
    StatisticsService,
    TopCharacters,
    ActiveUsersRepository,
    ActiveUsersStore,
    ActiveUsersService,
    UsageAuditRepository,
    UsageAudit,
  ],
  exports: [UsageService],
})
export class UsageModule {}
