import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import { toProblem } from '../../platform/http/problem.js';
import { newId } from '../../platform/ids/ids.js';
import { PeriodicTasks } from '../../platform/jobs/periodic.js';
import { Shutdown } from '../../platform/shutdown/shutdown.js';
import { CANCEL_REQUESTED, generationStream } from '../conversations.events.js';
import type { GenerationEntity } from './generation.entity.js';
import { GenerationsRepository } from './generations.repository.js';
import type { Ended } from './generation-end.js';
import { Heartbeat } from './heartbeat.js';
import { GenerationsService } from './generations.service.js';
import { PromptsService } from './prompts.service.js';
import { ReplyQueue } from './reply-queue.service.js';
import { CANCELLED, ReplyStreaming, type Attempt } from './reply-streaming.service.js';

const RECOVERY_MS = 3_000;
const RECOVERED_AT_ONCE = 50;
/** For storing what was cut short at shutdown. */
const ABORT_MS = 4_000;
/** Replies that one process streams at once; each holds a connection to the model and its text. */
const MAX_RUNNING = 1_000;
const CONCLUDE_RETRY_MS = [200, 1_000, 3_000];

interface Run {
  abort: AbortController;
  done: Promise<void>;
  /** Asked to start while it ran: look once more when it is over. */
  again: boolean;
}

/** Runs generations in this process, one at a time per conversation, and takes over those of processes that died. */
@Injectable()
export class GenerationRunner implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger(GenerationRunner.name);
  private readonly instance = newId();
  private readonly running = new Map<string, Run>();
  private lookedAt = performance.now();
  private stopListening: () => void = () => undefined;

  constructor(
    private readonly generations: GenerationsRepository,
    private readonly outcomes: GenerationsService,
    private readonly prompts: PromptsService,
    private readonly replies: ReplyStreaming,
    private readonly events: EventLog,
    private readonly tasks: PeriodicTasks,
    private readonly shutdown: Shutdown,
    private readonly queue: ReplyQueue,
  ) {}

  onModuleInit(): void {
    this.stopListening = this.events.listen(({ event }) => {
      if (event.type !== CANCEL_REQUESTED) return;
      for (const [id, { abort }] of this.running) {
        if (event.stream === generationStream(id)) abort.abort(CANCELLED);
      }
    });
    this.queue.serve((id) => this.take(id));
    this.tasks.every('generations.recover', RECOVERY_MS, () => this.recover());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.finish();
  }

  /**
   * Replies that are streaming here may end; those that take too long are stored as far as they got. Answers whether
   * there were any.
   */
  async finish(): Promise<boolean> {
    this.shutdown.enter('draining');
    this.queue.silence();
    if (this.running.size === 0) return false;
    const finished = Promise.all([...this.running.values()].map(({ done }) => done));
    const late = sleep(this.shutdown.workMs, false, { ref: false });
    const drained = await Promise.race([finished.then(() => true), late]);
    if (drained) return true;
    const reason = platformErrors.unavailable(
      'The server was restarted during the reply; generate it again.',
    );
    for (const { abort } of this.running.values()) abort.abort(reason);
    await Promise.race([finished, sleep(ABORT_MS, undefined, { ref: false })]);
    return true;
  }

  onApplicationShutdown(): void {
    this.stopListening();
  }

  get runningCount(): number {
    return this.running.size;
  }

  private get isFull(): boolean {
    return this.running.size >= MAX_RUNNING;
  }

  /** Resolves when a reply that this process makes has ended; undefined for one that it does not. */
  whenDone(id: string): Promise<void> | undefined {
    return this.running.get(id)?.done;
  }

  /** @throws unavailable while shutting down or full: a reply that cannot start here should be asked for elsewhere */
  assertAccepting(): void {
    const retry = { retryAfterMs: 1_000 };
    if (this.shutdown.draining) {
      throw platformErrors.unavailable('This instance is shutting down; send it again.', retry);
    }
    if (this.isFull) {
      throw platformErrors.unavailable(
        'This instance is answering as many messages as it can; try again.',
        retry,
      );
    }
  }

  /** In the background, here or, where replies are made by workers and one can be woken, there. */
  start(generation: GenerationEntity): void {
    if (!this.queue.isUsed) return this.startHere(generation);
    void this.queue.call(generation.id).then((handedOver) => {
      if (!handedOver) this.startHere(generation);
    });
  }

  /** From the queue; resolves when this process is done with it. */
  private async take(id: string): Promise<void> {
    const generation = await this.generations.find(id);
    if (generation?.status !== 'queued') return;
    this.startHere(generation);
    await this.whenDone(id);
  }

  /** Waits its turn when an earlier reply of the conversation is still streaming. */
  private startHere(generation: GenerationEntity): void {
    if (this.shutdown.draining) {
      // Without a queue another process finds it by its recovery.
      if (this.queue.isUsed) void this.queue.callAgain(generation.id);
      return;
    }
    const running = this.running.get(generation.id);
    if (running) {
      // It may just have been refused its turn; without another look it would wait for recovery.
      running.again = true;
      return;
    }
    const abort = new AbortController();
    const done = this.run(generation, abort)
      .catch((error: unknown) => {
        this.logger.error({ err: error, generationId: generation.id }, 'A generation was left to recovery');
      })
      .finally(() => {
        const again = this.running.get(generation.id)?.again;
        this.running.delete(generation.id);
        if (again) this.startHere(generation);
      });
    this.running.set(generation.id, { abort, done, again: false });
  }

  private async run(generation: GenerationEntity, abort: AbortController): Promise<void> {
    const { id, conversationId } = generation;
    if (await this.generations.claim(id, this.instance)) {
      const heartbeat = new Heartbeat((said) => this.beat(id, said, abort));
      try {
        const outcome = await this.answer(generation, { abort, heartbeat });
        await this.conclude({ ...generation, status: 'streaming' }, outcome);
      } finally {
        heartbeat.stop();
      }
    }
    // Without the claim, too: one that was cancelled in the queue leaves its turn to the next.
    await this.startNext(conversationId, id);
  }

  /** Only once it is claimed: its prompt must contain the reply that was streaming before. */
  private async answer(generation: GenerationEntity, attempt: Attempt): Promise<Ended> {
    try {
      const { prompt, version } = await this.prompts.forGeneration(generation);
      return { ...(await this.replies.stream(generation, prompt, attempt)), promptVersion: version };
    } catch (error) {
      this.logger.warn({ err: error, generationId: generation.id }, 'A reply could not be started');
      return { status: 'failed', text: '', error: toProblem(error), charged: false };
    }
  }

  private async beat(generationId: string, said: string, abort: AbortController): Promise<void> {
    try {
      if (!(await this.generations.heartbeat(generationId, said))) abort.abort(CANCELLED);
    } catch (error) {
      this.logger.warn({ err: error, generationId }, 'A heartbeat was missed: the database did not take it');
    }
  }

  private async startNext(conversationId: string, after: string): Promise<void> {
    const next = await this.generations.nextQueued(conversationId);
    if (next && next.id !== after) this.startHere(next);
  }

  /** The text exists nowhere else yet, so a database that is away for a moment must not cost it. */
  private async conclude(generation: GenerationEntity, outcome: Ended): Promise<void> {
    for (const waitMs of CONCLUDE_RETRY_MS) {
      try {
        await this.outcomes.conclude(generation, outcome);
        return;
      } catch (error) {
        this.logger.warn(
          { err: error, generationId: generation.id },
          'Storing a reply failed and is tried again',
        );
        await sleep(waitMs);
      }
    }
    await this.outcomes.conclude(generation, outcome);
  }

  private async recover(): Promise<void> {
    const orphans = await this.generations.orphans(RECOVERED_AT_ONCE);
    const sinceMs = performance.now() - this.lookedAt;
    this.lookedAt = performance.now();
    // Where the database was away, nobody could show that he lives; everybody can until the next look.
    if (sinceMs > 2 * RECOVERY_MS) return;
    for (const orphan of orphans) {
      if (this.running.has(orphan.id)) continue;
      if (orphan.status === 'queued') {
        // It may wait only because all are busy.
        if (!this.isFull) this.startHere(orphan);
        continue;
      }
      try {
        await this.takeOver(orphan);
      } catch (error) {
        // The others must not wait for it.
        this.logger.warn({ err: error, generationId: orphan.id }, 'A reply could not be taken over yet');
      }
    }
  }

  private async takeOver(orphan: GenerationEntity): Promise<void> {
    const reason = platformErrors.unavailable(
      'The process that was answering stopped; generate the reply again.',
    );
    await this.outcomes.concludeAbandoned(orphan, { status: 'failed', error: toProblem(reason) });
    await this.startNext(orphan.conversationId, orphan.id);
  }
}
