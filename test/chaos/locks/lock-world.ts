import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { machineMs } from '../children/history.js';
import { startChild, type Child } from '../support/children.js';
import type { PostgresDatabase } from '../../support/postgres-server.js';
import type { RedisServer } from '../../support/redis-server.js';
import type { Change, Grant, LockHistory } from './lock-history.js';

const LEASE_MS = 300;
/** For how long somebody is paused at most; until somebody else has taken the row. */
const LONGEST_PAUSE_MS = 4 * LEASE_MS;

interface Rules {
  /** Whether the database compares fences. */
  fenced: boolean;
  /** What happens to a holder that has just taken the row. */
  fate: (holder: number) => 'none' | 'pause' | 'kill';
}

/** How often something came to pass. */
export interface LockCounts {
  written: number;
  /** Writes and takings that the fence refused. */
  refused: number;
  paused: number;
  killed: number;
  /** Holders that noticed by themselves that they had lost the lock. */
  noticed: number;
}

/** Processes that want one lock and change the row it guards, and what is done to them and to Redis meanwhile. */
export class LockWorld {
  readonly counts: LockCounts = { written: 0, refused: 0, paused: 0, killed: 0, noticed: 0 };
  private readonly grants = new Map<string, Grant>();
  private readonly forgotten: { from: number; to: number }[] = [];
  private readonly children = new Map<number, Child>();
  private readonly changes = new EventTarget();
  private readonly disturbances = new Set<Promise<void>>();
  private readonly failures: unknown[] = [];
  private ending = false;

  constructor(
    private readonly redis: RedisServer,
    private readonly database: PostgresDatabase,
    private readonly rules: Rules,
  ) {}

  async start(holders: number): Promise<void> {
    await this.sql('CREATE TABLE guarded (fence bigint NOT NULL, version int NOT NULL, value int NOT NULL)');
    await this.sql('CREATE TABLE journal (version int PRIMARY KEY, kind text, fence bigint, value int)');
    await this.sql('INSERT INTO guarded VALUES (0, 0, 0)');
    await Promise.all(Array.from({ length: holders }, (_, holder) => this.startHolder(holder)));
  }

  /** Makes Redis forget everything: by a command, or by a restart without its data. */
  async forget(how: 'flush' | 'restart'): Promise<void> {
    const from = machineMs();
    if (how === 'restart') await this.redis.restart();
    else {
      const admin = new Redis(this.redis.url, { lazyConnect: true });
      await admin.flushall().finally(() => admin.disconnect());
    }
    this.forgotten.push({ from, to: machineMs() });
  }

  /** Lets everybody finish, and gives what happened. */
  async end(): Promise<LockHistory> {
    this.ending = true;
    await Promise.all(this.disturbances);
    await Promise.all([...this.children.values()].map((child) => child.ask('stop')));
    await this.kill();
    if (this.failures.length > 0) throw this.failures[0];
    const rows = await this.sql<{ kind: Change['kind']; fence: string; value: number }>(
      'SELECT kind, fence, value FROM journal ORDER BY version',
    );
    return {
      grants: [...this.grants.values()],
      journal: rows.map(({ kind, fence, value }) => ({ kind, fence: Number(fence), value })),
      forgotten: this.forgotten,
    };
  }

  async kill(): Promise<void> {
    this.ending = true;
    await Promise.all([...this.children.values()].map((child) => child.kill()));
  }

  private async startHolder(holder: number): Promise<void> {
    const settings = {
      holder,
      redisUrl: this.redis.url,
      databaseUrl: this.database.url,
      leaseMs: LEASE_MS,
      fenced: this.rules.fenced,
      // Every other one relies on its fence alone.
      looks: this.rules.fenced && holder % 2 === 0,
    };
    const child = await startChild('lock-holder', settings, {
      granted: (grant: Omit<Grant, 'heldAt'>) => {
        this.grants.set(`${grant.holder} ${grant.fence}`, { ...grant, heldAt: grant.grantedAt });
      },
      claimed: ({ accepted }: { accepted: boolean }) => {
        this.changes.dispatchEvent(new Event('claimed'));
        if (!accepted) this.counts.refused++;
        else if (!this.ending) this.disturb(holder, this.rules.fate(holder));
      },
      held: ({ fence, at }: { fence: number; at: number }) => {
        this.grants.get(`${holder} ${fence}`)!.heldAt = at;
      },
      written: ({ accepted }: { accepted: boolean }) => {
        if (accepted) this.counts.written++;
        else this.counts.refused++;
      },
      refused: ({ code }: { code: string }) => {
        if (code === 'lock-lost') this.counts.noticed++;
      },
    });
    this.children.set(holder, child);
  }

  /** The holder waits for the answer to what it has just said: it is caught exactly here. */
  private disturb(holder: number, fate: ReturnType<Rules['fate']>): void {
    if (fate === 'none') return;
    const done = (fate === 'pause' ? this.pause(holder) : this.replace(holder)).catch((error: unknown) => {
      this.failures.push(error);
    });
    this.disturbances.add(done);
    void done.finally(() => this.disturbances.delete(done));
  }

  /** Until its lease is over and somebody else has taken the row. */
  private async pause(holder: number): Promise<void> {
    const { process } = this.children.get(holder)!;
    this.counts.paused++;
    process.kill('SIGSTOP');
    const claimed = once(this.changes, 'claimed', { signal: AbortSignal.timeout(LONGEST_PAUSE_MS) });
    await claimed.catch(() => undefined);
    // The other one has time to get on with it.
    await sleep(LEASE_MS / 20);
    process.kill('SIGCONT');
  }

  private async replace(holder: number): Promise<void> {
    this.counts.killed++;
    await this.children.get(holder)!.kill();
    if (!this.ending) await this.startHolder(holder);
  }

  private async sql<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.database.url });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }
}
