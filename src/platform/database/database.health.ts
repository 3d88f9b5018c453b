import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface DatabaseHealthResult {
  status: 'up' | 'down';
  latencyMs: number;
  /** Why it is down. */
  reason?: string;
}

const DEADLINE_MS = 1_000;

@Injectable()
export class DatabaseHealth {
  constructor(private readonly dataSource: DataSource) {}

  /** One `SELECT 1` with a deadline of a second; never throws. */
  async check(): Promise<DatabaseHealthResult> {
    const started = performance.now();
    const done = new AbortController();
    const elapsed = (): number => Math.round((performance.now() - started) * 10) / 10;
    try {
      await Promise.race([this.dataSource.query('SELECT 1'), this.deadline(done.signal)]);
      return { status: 'up', latencyMs: elapsed() };
    } catch (error) {
      return { status: 'down', latencyMs: elapsed(), reason: (error as Error).message };
    } finally {
      done.abort();
    }
  }

  private async deadline(signal: AbortSignal): Promise<never> {
    await sleep(DEADLINE_MS, undefined, { signal });
    throw new Error(`no answer within ${DEADLINE_MS} ms`);
  }
}
