import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { watchStalls } from '../../../libs/redis/src/testing/undisturbed.js';
import { startModelServer, type ModelServer } from '../../support/model-server.js';
import type { PostgresDatabase } from '../../support/postgres-server.js';
import { startRedis, type RedisServer } from '../../support/redis-server.js';
import { startBuilt, type BuiltService, type Settings } from '../../support/service.js';
import { testServers } from '../../support/test-servers.js';
import { Database } from './database.js';
import type { FaultName } from './schedule.js';

export type Side = 'a' | 'b';
export const otherSide = (side: Side): Side => (side === 'a' ? 'b' : 'a');

/** A fault that happened, in ms of this process's clock. */
export interface Incident {
  name: string;
  start: number;
  end: number;
  /** What an instance that was asked to stop did wrong. */
  unclean?: string;
}

/** What lets people act without pause, and instances leave without waiting for the last of them. */
const GENEROUS: Settings = {
  USAGE_FREE_TEXT_PER_DAY: '100000',
  AI_MODEL: 'echo',
  BURST_LIMIT: '0',
  SSE_MAX_PER_USER: '1000',
  SHUTDOWN_GRACE: '10s',
  SOCKET_DRAIN_SPREAD: '200ms',
};

const RECOVERY_MS = 5_000;
const LOOK_MS = 50;
const PAUSE_MS = 300;
const LAST_WORDS = 2_000;
const AWAY_MS = 700;
const LOSES_LOGS = /redis|flush|pause/;
const LOSES_PROCESSES = /kill|rolling/;

/** Two instances of the built service, their PostgreSQL, Redis and model server. */
export class World {
  readonly incidents: Incident[] = [];
  /** Instances that were told to stop and are not back: they may refuse. */
  private readonly leaving = new Set<Side>();
  /** Faults happen one after the other. */
  private turn: Promise<void> = Promise.resolve();

  private constructor(
    private readonly services: Record<Side, BuiltService>,
    private readonly settings: Settings,
    private readonly redis: RedisServer,
    private readonly model: ModelServer,
    readonly database: Database,
    private readonly drop: () => Promise<void>,
  ) {}

  static async start(settings: Settings = {}): Promise<World> {
    const [redis, model, created] = await Promise.all([startRedis(), startModelServer(), createDatabase()]);
    const all: Settings = {
      DATABASE_URL: created.url,
      REDIS_URL: redis.url,
      AI_BASE_URL: model.url,
      AUTH_SECRET: randomBytes(32).toString('base64'),
      PAGINATION_SECRET: randomBytes(32).toString('base64'),
      ...GENEROUS,
      ...settings,
    };
    const [a, b] = await Promise.all([startBuilt(all), startBuilt(all)]);
    const database = new Database(created.url);
    return new World({ a, b }, all, redis, model, database, () => created.drop());
  }

  url(side: Side): string {
    return this.services[side].url;
  }

  port(side: Side): number {
    return Number(new URL(this.url(side)).port);
  }

  /** Whether an instance may answer 503, or not at all. */
  mayRefuse(side: Side): boolean {
    return this.leaving.has(side);
  }

  /** Whether logs may have been lost since then. */
  logsLostSince(start: number): boolean {
    return this.happenedSince(start, LOSES_LOGS);
  }

  /** Whether the log of a reply and the process that wrote it may both have been lost since then. */
  repliesLostSince(start: number): boolean {
    return this.logsLostSince(start) && this.happenedSince(start, LOSES_PROCESSES);
  }

  /** Lets it happen, when its turn has come. */
  strike(name: FaultName, how: string, after: number): Promise<void> {
    const struck = this.turn.then(async () => {
      await sleep(after);
      const incident: Incident = { name: `${name} ${how}`, start: performance.now(), end: Infinity };
      this.incidents.push(incident);
      await this.happen(name, how, incident);
      incident.end = performance.now();
    });
    this.turn = struck.catch(() => undefined);
    return struck;
  }

  /** After the last fault: waits until both instances say that nothing is degraded; how they are late, if they are. */
  async recovered(): Promise<string[]> {
    const well = async (side: Side): Promise<boolean> => {
      const ready = await fetch(`${this.url(side)}/readyz`, { signal: AbortSignal.timeout(RECOVERY_MS) });
      return ready.ok && !ready.headers.has('x-degraded');
    };
    const stalls = watchStalls();
    const waiting = (['a', 'b'] as const).map(async (side) => {
      const deadline = performance.now() + RECOVERY_MS;
      while (!(await well(side).catch(() => false))) {
        if (performance.now() > deadline + stalls.totalMs())
          return [`${side} is still degraded ${RECOVERY_MS} ms after the last fault`];
        await sleep(LOOK_MS);
      }
      return [];
    });
    const late = (await Promise.all(waiting)).flat();
    stalls.end();
    return late;
  }

  async stop(): Promise<void> {
    await Promise.all([this.services.a.stop(), this.services.b.stop(), this.database.close()]);
    await Promise.all([this.redis.stop(), this.model.stop(), this.drop()]);
  }

  /** What the instances have printed at level warn and above, for a failure's report. */
  output(): string {
    return (['a', 'b'] as const)
      .map((side) => `--- ${side}\n${this.services[side].output().slice(-8_000)}`)
      .join('\n');
  }

  private async happen(name: FaultName, how: string, incident: Incident): Promise<void> {
    switch (name) {
      case 'redis-restart':
        return this.redis.restart();
      case 'flush':
        return this.flush();
      case 'pause':
        this.redis.pause();
        await sleep(PAUSE_MS);
        return this.redis.resume();
      case 'redis-away':
        await this.redis.kill();
        await sleep(AWAY_MS);
        return this.redis.restart();
      case 'kill':
        return this.restart(how as Side, (service) => service.kill());
      case 'rolling':
        for (const side of how.split('') as Side[]) {
          await this.restart(side, async (service) => {
            const code = await service.stop();
            if (code !== 0)
              incident.unclean = `${side} was asked to stop, and ended with ${code}: ${service.output().slice(-LAST_WORDS)}`;
          });
        }
    }
  }

  private async flush(): Promise<void> {
    const admin = new Redis(this.redis.url, { maxRetriesPerRequest: 3, commandTimeout: 5_000 });
    admin.on('error', () => undefined);
    try {
      await admin.flushall();
    } finally {
      admin.disconnect();
    }
  }

  private async restart(side: Side, end: (service: BuiltService) => Promise<unknown>): Promise<void> {
    const service = this.services[side];
    const port = this.port(side);
    this.leaving.add(side);
    try {
      await end(service);
      this.services[side] = await startBuilt(this.settings, { port });
    } finally {
      this.leaving.delete(side);
    }
  }

  private happenedSince(start: number, what: RegExp): boolean {
    return this.incidents.some(({ name, end }) => end >= start && what.test(name));
  }
}

async function createDatabase(): Promise<PostgresDatabase> {
  return (await testServers.postgres()).createDatabase();
}
