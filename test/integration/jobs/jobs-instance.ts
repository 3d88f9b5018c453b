import type { DiscoveryService } from '@nestjs/core';
import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../../src/config/runtime.settings.js';
import { Database } from '../../../src/platform/database/database.js';
import { EventLog } from '../../../src/platform/events/event-log.service.js';
import { EventOutbox } from '../../../src/platform/events/event-outbox.service.js';
import { ServerSettings } from '../../../src/platform/http/server.settings.js';
import { JobAlarm } from '../../../src/platform/jobs/job-alarm.js';
import { JobEnds } from '../../../src/platform/jobs/job-ends.service.js';
import { JobFollower } from '../../../src/platform/jobs/job-follower.service.js';
import { JobHandlers } from '../../../src/platform/jobs/job-handlers.js';
import { JobMoves } from '../../../src/platform/jobs/job-moves.service.js';
import { JobOutcomes } from '../../../src/platform/jobs/job-outcomes.service.js';
import { JobRefusals } from '../../../src/platform/jobs/job-refusals.service.js';
import { JobRunner } from '../../../src/platform/jobs/job-runner.service.js';
import { JobSweep } from '../../../src/platform/jobs/job-sweep.js';
import { JobsRepository } from '../../../src/platform/jobs/jobs.repository.js';
import { Jobs } from '../../../src/platform/jobs/jobs.service.js';
import { JobSettings } from '../../../src/platform/jobs/jobs.settings.js';
import { PeriodicTasks } from '../../../src/platform/jobs/periodic.js';
import { Metrics } from '../../../src/platform/metrics/metrics.js';
import { RedisSettings } from '../../../src/platform/redis/redis.settings.js';
import { Shutdown } from '../../../src/platform/shutdown/shutdown.js';
import type { TestDatabase } from '../../support/test-database.js';

export interface InstanceOptions {
  redisUrl?: string;
  keyPrefix?: string;
  settings?: Partial<PatientJobSettings>;
  clusterNodes?: { host: string; port: number }[];
  /** Whether it looks at the rows from time to time, or runs only what it is woken for. @default true */
  sweeps?: boolean;
}

/**
 * Signs of life are looked at often, and a machine that stands still for seconds costs no job: a test in which one is
 * taken over says when.
 */
class PatientJobSettings extends JobSettings {
  override takenOverAfterMs = 60_000;
  beatEveryMs = 400;

  override get heartbeatMs(): number {
    return this.beatEveryMs;
  }
}

/** What one process has of jobs, over a database and a Redis that it shares with others. */
export class JobsInstance {
  readonly connections: RedisConnections;
  readonly database: Database;
  readonly log: EventLog;
  readonly rows: JobsRepository;
  readonly runner: JobRunner;
  readonly jobs: Jobs;
  readonly follower: JobFollower;
  readonly tasks = new PeriodicTasks();
  readonly metrics = new Metrics();
  readonly settings = new PatientJobSettings();
  private readonly outbox: EventOutbox;
  private readonly handlers: JobHandlers;
  private readonly alarm: JobAlarm;
  private readonly sweep: JobSweep;

  private constructor(db: TestDatabase, features: object, options: InstanceOptions) {
    const redis = Object.assign(new RedisSettings(), { keyPrefix: options.keyPrefix ?? 'rapport' });
    const runtime = new RuntimeSettings();
    const settings = Object.assign(this.settings, options.settings);
    this.connections = new RedisConnections({
      url: options.redisUrl,
      clusterNodes: options.clusterNodes,
      // No connection is given up, and no command, because the machine stands still; one that is closed is noticed at once.
      heartbeatMs: 10_000,
      commandTimeoutMs: 20_000,
      maxBackoffMs: 200,
    });
    this.database = new Database(db.dataSource, db.mode);
    this.log = new EventLog(this.connections, redis, runtime);
    this.outbox = new EventOutbox(this.database, this.log, this.tasks);
    this.rows = new JobsRepository(this.database);
    const providers = [{ instance: features }] as ReturnType<DiscoveryService['getProviders']>;
    this.handlers = new JobHandlers({ getProviders: () => providers } as unknown as DiscoveryService);
    this.alarm = new JobAlarm(this.connections, redis, runtime);
    const ends = new JobEnds(this.rows, this.handlers, this.database, this.outbox);
    const refusals = new JobRefusals(this.rows, this.handlers, ends);
    const moves = new JobMoves(this.rows, this.handlers, refusals, this.database, this.log);
    const outcomes = new JobOutcomes(this.rows, this.handlers, ends, moves, this.metrics);
    this.runner = new JobRunner(
      this.rows,
      this.handlers,
      moves,
      outcomes,
      this.alarm,
      this.database,
      this.log,
      settings,
      new Shutdown(new ServerSettings()),
    );
    this.jobs = new Jobs(this.rows, this.handlers, ends, this.alarm, this.database, this.log);
    this.follower = new JobFollower(this.jobs, this.log);
    this.sweep = new JobSweep(this.tasks, this.runner, outcomes, this.rows, settings);
  }

  /** @param features has the methods with @JobHandler and @JobEnded */
  static async start(
    db: TestDatabase,
    features: object,
    options: InstanceOptions = {},
  ): Promise<JobsInstance> {
    const instance = new JobsInstance(db, features, options);
    await instance.connections.start();
    await instance.log.onModuleInit();
    await instance.outbox.onModuleInit();
    instance.handlers.onModuleInit();
    instance.runner.onApplicationBootstrap();
    if (options.sweeps ?? true) instance.sweep.onApplicationBootstrap();
    return instance;
  }

  async stop(): Promise<void> {
    await this.tasks.onModuleDestroy();
    await this.runner.beforeApplicationShutdown();
    await this.alarm.onApplicationShutdown();
    await this.outbox.onApplicationShutdown();
    this.log.onApplicationShutdown();
    this.connections.close();
  }
}
