import { Module } from '@nestjs/common';
import { ClockModule } from '../platform/clock/clock.module.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { PeriodicModule } from '../platform/jobs/periodic.module.js';
import { UsersModule } from '../users/users.module.js';
import { ReservationSweep } from './reservation-sweep.js';
import { ReservationsController } from './reservations.controller.js';
import { UsageCounterEntity } from './usage-counter.entity.js';
import { UsageCountersRepository } from './usage-counters.repository.js';
import { UsageLedger } from './usage-ledger.service.js';
import { UsageReservationEntity } from './usage-reservation.entity.js';
import { UsageReservationsRepository } from './usage-reservations.repository.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  imports: [
    ClockModule,
    PeriodicModule,
    UsersModule,
    DatabaseModule.forFeature([UsageCounterEntity, UsageReservationEntity]),
  ],
  controllers: [UsageController, ReservationsController],
  providers: [
    UsageCountersRepository,
    UsageReservationsRepository,
    UsageLedger,
    UsageService,
    ReservationSweep,
  ],
  exports: [UsageService],
})
export class UsageModule {}
