// The worker of the service with a kind of job of its own: it writes numbered steps, each in one transaction with its
// checkpoint, and says what it meets. The parent may stop or end it at any point.
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import 'reflect-metadata';
import { WorkerModule } from '../../../src/app.module.js';
import { SETTINGS } from '../../../src/config/app-config.js';
import { loadSettings } from '../../../src/config/load-settings.js';
import { Database } from '../../../src/platform/database/database.js';
import { JobHandler } from '../../../src/platform/jobs/job-handler.decorator.js';
import { Jobs } from '../../../src/platform/jobs/jobs.service.js';
import type { RunningJob } from '../../../src/platform/jobs/running-job.js';
import { createLogger } from '../../../src/platform/logging/logger.js';
import { talkToParent } from './talk.js';

interface Settings {
  readonly worker: number;
  readonly environment: Record<string, string>;
}

interface Steps {
  readonly steps: number;
  readonly stepMs: number;
}

const { worker, environment } = JSON.parse(process.argv[2]!) as Settings;

@Injectable()
class CountedSteps {
  constructor(private readonly database: Database) {}

  @JobHandler('counted-steps', { attempts: 1_000 })
  async run(job: RunningJob<Steps, { done: number }>): Promise<object> {
    const { steps: total, stepMs } = job.payload;
    const from = job.checkpoint?.done ?? 0;
    await talk.ask('began', { worker, jobId: job.id, from });
    for (let step = from; step < total; step++) {
      try {
        await this.database.transaction(async () => {
          await this.database.manager.query(
            'INSERT INTO steps (job_id, step, worker, attempt) VALUES ($1, $2, $3, $4)',
            [job.id, step, worker, job.attempt],
          );
          await new Promise((resolve) => setTimeout(resolve, stepMs));
          await job.save({ done: step + 1 }, { done: step + 1, total });
        });
      } catch (error) {
        await talk.ask('refused', { worker, jobId: job.id, reason: job.stopReason ?? String(error) });
        throw error;
      }
    }
    return { steps: total, worker };
  }
}

@Module({})
class TestModule {}

const app = await NestFactory.createApplicationContext(
  {
    module: TestModule,
    imports: [WorkerModule.forRoot(loadSettings(SETTINGS, environment))],
    providers: [CountedSteps],
  },
  { logger: createLogger({ level: 'silent' }), abortOnError: false },
);
const talk = talkToParent({
  enqueue: async (payload: Steps) =>
    (await app.get(Jobs, { strict: false }).enqueue('counted-steps', { payload })).job.id,
  close: () => app.close(),
});
await talk.ask('ready');
