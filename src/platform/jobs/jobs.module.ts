import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { DatabaseModule } from '../database/database.module.js';
import { JobAlarm } from './job-alarm.js';
import { JobEnds } from './job-ends.service.js';
import { JobFollower } from './job-follower.service.js';
import { JobHandlers } from './job-handlers.js';
import { JobLists } from './job-lists.service.js';
import { JobMetrics } from './job-metrics.js';
import { JobMoves } from './job-moves.service.js';
import { JobOutcomes } from './job-outcomes.service.js';
import { JobRefusals } from './job-refusals.service.js';
import { JobRunner } from './job-runner.service.js';
import { JobSweep } from './job-sweep.js';
import { JobEntity } from './job.entity.js';
import { JobTopic } from './job.topic.js';
import { JobsController } from './jobs.controller.js';
import { JobsRepository } from './jobs.repository.js';
import { Jobs } from './jobs.service.js';

/** Durable background jobs: features order them from `Jobs` and run them with `@JobHandler`. */
@Global()
@Module({
  imports: [DiscoveryModule, DatabaseModule.forFeature([JobEntity])],
  controllers: [JobsController],
  providers: [
    JobAlarm,
    JobEnds,
    JobFollower,
    JobHandlers,
    JobLists,
    JobMetrics,
    JobMoves,
    JobOutcomes,
    JobRefusals,
    JobRunner,
    JobSweep,
    JobTopic,
    Jobs,
    JobsRepository,
  ],
  exports: [Jobs, JobFollower, JobLists, JobRunner],
})
export class JobsModule {}
