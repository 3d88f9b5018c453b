import { setImmediate as turn } from 'node:timers/promises';
import type { EventLog } from '../../platform/events/event-log.service.js';
import { ServerSettings } from '../../platform/http/server.settings.js';
import type { PeriodicTasks } from '../../platform/jobs/periodic.js';
import { Shutdown } from '../../platform/shutdown/shutdown.js';
import type { GenerationEntity } from './generation.entity.js';
import { GenerationRunner } from './generation-runner.service.js';
import type { GenerationsRepository } from './generations.repository.js';
import type { GenerationsService } from './generations.service.js';
import type { PromptsService } from './prompts.service.js';
import type { ReplyQueue } from './reply-queue.service.js';
import type { ReplyStreaming } from './reply-streaming.service.js';

const queued = (id: string): GenerationEntity =>
  ({ id, conversationId: `of ${id}`, status: 'queued' }) as GenerationEntity;

describe('the runner of generations', () => {
  let runner: GenerationRunner;
  let shutdown: Shutdown;
  let recover: () => Promise<void>;
  let take: (id: string) => Promise<void>;
  let orphans: GenerationEntity[];
  let claimed: string[];
  let calledAgain: string[];
  /** Answers claims. */
  let answer: () => void;

  beforeEach(() => {
    shutdown = new Shutdown(new ServerSettings());
    [orphans, claimed, calledAgain] = [[], [], []];
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const generations = {
      claim: async (id: string) => {
        claimed.push(id);
        await answered;
        return false;
      },
      find: (id: string) => Promise.resolve(queued(id)),
      nextQueued: () => Promise.resolve(queued('next')),
      orphans: () => Promise.resolve(orphans),
    };
    const queue = {
      isUsed: true,
      serve: (served: typeof take) => (take = served),
      silence: () => undefined,
      call: () => Promise.resolve(false),
      callAgain: (id: string) => Promise.resolve(calledAgain.push(id) > 0),
    };
    runner = new GenerationRunner(
      generations as unknown as GenerationsRepository,
      {} as GenerationsService,
      {} as PromptsService,
      {} as ReplyStreaming,
      { listen: () => () => undefined } as unknown as EventLog,
      {
        every: (_name: string, _ms: number, task: typeof recover) => (recover = task),
      } as unknown as PeriodicTasks,
      shutdown,
      queue as unknown as ReplyQueue,
    );
    runner.onModuleInit();
  });

  it('leaves what others could not begin to others, too, while it has all that it can have', async () => {
    while (!isFull()) {
      runner.start(queued(`g${runner.runningCount}`));
      await turn();
    }
    const before = claimed.length;
    orphans = [queued('waiting')];
    await recover();
    expect(claimed).toHaveLength(before);
  });

  it('begins what nobody has begun where it has room', async () => {
    orphans = [queued('waiting')];
    await recover();
    expect(claimed).toEqual(['waiting']);
  });

  it('calls somebody else for a reply that it was woken for and that it may not begin any more', async () => {
    shutdown.enter('draining');
    await take('late');
    expect([claimed, calledAgain]).toEqual([[], ['late']]);
  });

  it('calls somebody else for the next reply of a conversation when it ends one on its way out', async () => {
    runner.start(queued('last'));
    await turn();
    const finished = runner.finish();
    answer();
    await finished;
    expect([claimed, calledAgain]).toEqual([['last'], ['next']]);
  });

  const isFull = (): boolean => {
    try {
      runner.assertAccepting();
      return false;
    } catch {
      return true;
    }
  };
});
