import { JobWaits } from '../../platform/jobs/running-job.js';
import type { Connections } from '../connections/connections.service.js';
import type { ProviderApi } from '../registry/provider-api.js';
import { ProviderBusy } from '../registry/provider-busy.js';
import type { Provider } from '../registry/provider.js';
import type { Providers } from '../registry/providers.service.js';
import type { SoulSignatures } from '../signature/signatures.service.js';
import { ExtractionRuns } from './extraction-runs.service.js';
import type { ExtractionStore } from './extraction-store.service.js';
import type { ExtractionCheckpoint, ExtractionRun } from './extraction.types.js';

const step = {
  name: 'things',
  path: () => '/things',
  list: () => [],
  next: () => undefined,
  item: () => undefined,
};
const provider = { title: 'Music', kinds: { library: { title: '', scopes: [], steps: [step] } } };

/** One run after the other of a job, each of which the platform keeps from its page. */
class KeptWaiting {
  checkpoint: ExtractionCheckpoint | undefined;
  private readonly runs: ExtractionRuns;

  constructor(private readonly busy: ProviderBusy) {
    this.runs = new ExtractionRuns(
      { get: () => provider as unknown as Provider } as unknown as Providers,
      { get: () => Promise.reject(this.busy) } as unknown as ProviderApi,
      {} as ExtractionStore,
      {} as Connections,
      {} as SoulSignatures,
    );
  }

  run(): Promise<unknown> {
    const job = {
      payload: { userId: 'u', platform: 'music', kind: 'library', connectedAt: 0 },
      checkpoint: this.checkpoint,
      signal: new AbortController().signal,
      throwIfStopped: () => undefined,
      save: (checkpoint: ExtractionCheckpoint) => {
        this.checkpoint = checkpoint;
        return Promise.resolve();
      },
      waitUntil: (date: Date) => Promise.reject(new JobWaits(date)),
    };
    return this.runs.run(job as unknown as ExtractionRun).catch((error: unknown) => error);
  }
}

const in10s = (): Date => new Date(Date.now() + 10_000);

describe('an extraction that is kept waiting', () => {
  it('waits as long as the platform says', async () => {
    const until = in10s();
    const wait = await new KeptWaiting(new ProviderBusy('Music', until, true)).run();
    expect(wait).toEqual(new JobWaits(until));
  });

  it('waits at least a moment and a day at most, whatever is said', async () => {
    const waitFor = async (until: Date): Promise<number> => {
      const wait = await new KeptWaiting(new ProviderBusy('Music', until, true)).run();
      return (wait as JobWaits).until.getTime() - Date.now();
    };
    const shortest = await waitFor(new Date(0));
    expect(shortest).toBeGreaterThan(900);
    expect(shortest).toBeLessThanOrEqual(1_000);
    expect(await waitFor(new Date(8e15))).toBeLessThanOrEqual(86_400_000);
  });

  it('fails when the platform keeps refusing, and tries as often when it is tried again', async () => {
    const kept = new KeptWaiting(new ProviderBusy('Music', in10s(), true));
    for (let attempt = 1; attempt <= 2; attempt++) {
      for (let refusal = 1; refusal <= 24; refusal++) expect(await kept.run()).toBeInstanceOf(JobWaits);
      expect(await kept.run()).toMatchObject({
        code: 'upstream-failed',
        message: expect.stringMatching(/^Music refused 24 times/) as string,
      });
    }
  });

  it('waits for its turn as often as it takes, and not for the same moment as all others', async () => {
    const until = in10s();
    const kept = new KeptWaiting(new ProviderBusy('Music', until, false));
    const waits = await Promise.all(Array.from({ length: 100 }, () => kept.run()));
    const untils = waits.map((wait) => (wait as JobWaits).until.getTime());
    expect(Math.min(...untils)).toBeGreaterThanOrEqual(until.getTime());
    expect(Math.max(...untils) - Math.min(...untils)).toBeGreaterThan(1_000);
  });
});
