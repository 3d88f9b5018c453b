import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import { RuntimeSettings } from '../../config/runtime.settings.js';
import { alarmPrefix } from '../../platform/jobs/alarm-prefix.js';
import { Alarm } from '../../platform/jobs/alarm.js';
import { JobSettings } from '../../platform/jobs/jobs.settings.js';
import { RedisSettings } from '../../platform/redis/redis.settings.js';
import { ReplySettings } from './replies.settings.js';

/** Replies that one process takes from the queue at once. */
const AT_ONCE = 100;

/** Hands replies to the processes that run jobs, where they are made there. The generation's row decides who makes it. */
@Injectable()
export class ReplyQueue extends Alarm implements OnApplicationBootstrap {
  private take: (generationId: string) => Promise<void> = () => Promise.resolve();

  constructor(
    connections: RedisConnections,
    redis: RedisSettings,
    runtime: RuntimeSettings,
    private readonly replies: ReplySettings,
    private readonly jobs: JobSettings,
  ) {
    super('replies', connections, alarmPrefix(redis, runtime));
  }

  /** How this process makes a reply; resolves when it is over. */
  serve(take: (generationId: string) => Promise<void>): void {
    this.take = take;
  }

  onApplicationBootstrap(): void {
    if (!this.isUsed || !this.jobs.run) return;
    // One that nobody was woken for is found by the recovery of generations.
    this.answer({ take: (id) => this.take(id), look: () => undefined }, AT_ONCE);
  }

  /** Whether replies are to be handed over. */
  get isUsed(): boolean {
    return this.replies.madeBy === 'worker';
  }
}
