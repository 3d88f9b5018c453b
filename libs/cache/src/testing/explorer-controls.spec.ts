import type { CacheBackend } from '../backend.js';
import type { BusListener } from '../bus/bus.js';
import type { Region } from '../region.js';
import { LocalTier, type Fence, type LocalValue } from '../tiers/local-tier.js';
import { MemoryStore } from '../tiers/memory-store.js';
import type {
  Eviction,
  HoldRequest,
  Lease,
  LeaseAnswer,
  LeaseRequest,
  Slot,
  StoredText,
  Tier,
} from '../tiers/tier.js';
import { Loader } from '../flight/loader.js';
import { engineSubject } from './engine-subject.js';
import { FULL_SIZE } from './full-size.js';
import { explore, replay } from './explore.js';
import type { Scenario } from './schedule.js';

/** Steps of a printed schedule, the last reads included. */
const LONGEST_SCHEDULE = 60;

class FillsWithoutLease extends MemoryStore {
  override fill(slot: Slot, lease: Lease, stored: StoredText): boolean {
    if (!super.fill(slot, lease, stored)) this['store'](this['values'], slot.key, stored.text, stored.ttlMs);
    return true;
  }
}

class TakesAbsentForZero extends MemoryStore {
  override fill(slot: Slot, lease: Lease, stored: StoredText): boolean {
    if (super.fill(slot, lease, stored)) return true;
    if (this['live'](this['leases'], slot.key) !== undefined) return false;
    this['store'](this['values'], slot.key, stored.text, stored.ttlMs);
    return true;
  }
}

class EvictsOnlyTheValue extends MemoryStore {
  override evict(instance: string, eviction: Eviction, token?: string): void {
    if (eviction.kind !== 'entry') return super.evict(instance, eviction, token);
    const lease = this['live'](this['leases'], eviction.slot.key);
    super.evict(instance, eviction, token);
    if (lease !== undefined) this['store'](this['leases'], eviction.slot.key, lease, 3_000);
  }
}

class HoldsWithoutRefusing extends MemoryStore {
  override hold(instance: string, { eviction }: HoldRequest): void {
    this.evict(instance, eviction);
  }
}

class HoldsTooShortly extends MemoryStore {
  override hold(instance: string, request: HoldRequest): void {
    super.hold(instance, request);
    for (const holds of this['holds'].values()) holds.set(request.token, this['clock'].now() + 50);
  }
}

class GrantsUnderHolds extends MemoryStore {
  override lease(instance: string, request: LeaseRequest, token: string): LeaseAnswer {
    const answer = super.lease(instance, request, token);
    if (answer.kind !== 'refused') return answer;
    const lease = `${request.versions}|${token}`;
    this['store'](this['leases'], request.slot.key, lease, 3_000);
    return { kind: 'lease', lease };
  }
}

const SILENTLY = 'silently:';

class PublishesSeparately extends MemoryStore {
  override evict(instance: string, eviction: Eviction, token?: string): void {
    if (!token?.startsWith(SILENTLY)) return super.evict(instance, eviction, token);
    const listeners = [...this['listeners']];
    this['listeners'].clear();
    super.evict(instance, eviction);
    for (const [name, listener] of listeners) this['listeners'].set(name, listener);
  }
}

const tierWith = (tier: Tier, changes: Partial<Tier>): Tier =>
  new Proxy(tier, {
    get: (target, name) => {
      const own: unknown = Reflect.get(changes, name) ?? Reflect.get(target, name);
      return typeof own === 'function' ? (own as (...args: unknown[]) => unknown).bind(target) : own;
    },
  });

class Unfenced extends LocalTier {
  override put(region: Region, key: string, _fence: Fence, given: LocalValue): boolean {
    return super.put(region, key, this.fence(region, key), given);
  }
}

/** Hears nothing of gaps, and believes that there are none. */
const trusting = (backend: CacheBackend): CacheBackend => ({
  ...backend,
  bus: { isShared: true, era: 0, inStep: () => true },
  start: (listener: BusListener) =>
    backend.start({ onMessage: (m) => listener.onMessage(m), onLost: () => undefined }),
});

interface Control extends Omit<Scenario, 'subject'> {
  /** Takes long to be found: in the full size only. */
  readonly isRare?: true;
  readonly mistake: string;
  readonly wrap?: (backend: CacheBackend) => CacheBackend;
}

const CONTROLS: readonly Control[] = [
  { mistake: 'fills that need no lease', store: (clock) => new FillsWithoutLease(1_000, clock) },
  {
    mistake: 'fills that take an absent lease for none needed',
    store: (clock) => new TakesAbsentForZero(1_000, clock),
  },
  { mistake: 'evicts that leave the lease', store: (clock) => new EvictsOnlyTheValue(1_000, clock) },
  {
    mistake: 'an L1 without its fence',
    wrap: (backend) => ({ ...backend, local: new Unfenced(100) }),
  },
  {
    mistake: 'writes without a hold, of a process that dies',
    isRare: true,
    faults: ['crash'],
    tier: (tier) => tierWith(tier, { hold: async () => undefined }),
  },
  { mistake: 'holds that refuse no leases', store: (clock) => new HoldsWithoutRefusing(1_000, clock) },
  { mistake: 'leases that are granted under a hold', store: (clock) => new GrantsUnderHolds(1_000, clock) },
  { mistake: 'holds that are shorter than the commit', store: (clock) => new HoldsTooShortly(1_000, clock) },
  {
    mistake: 'an L1 that is kept over a silent new subscription',
    isRare: true,
    faults: ['link cut'],
    wrap: trusting,
  },
  {
    mistake: 'an evict and its notice in two steps',
    isRare: true,
    faults: ['crash'],
    store: (clock) => new PublishesSeparately(1_000, clock),
    tier: (tier) =>
      tierWith(tier, {
        evict: async (evictions, token) => {
          await tier.evict(evictions, SILENTLY);
          return tier.evict(evictions, token);
        },
      }),
  },
];

const scenarioOf = ({ mistake: _mistake, isRare: _isRare, wrap, ...scenario }: Control): Scenario => ({
  ...scenario,
  subject: (choices) => engineSubject(choices, wrap),
});

async function expectFound(scenario: Scenario): Promise<void> {
  const { failure, schedules } = await explore({ ...scenario, schedules: 20_000, seed: 1 });
  expect(failure).toBeDefined();
  expect(schedules).toBeLessThanOrEqual(20_000);
  expect(['evict is final', 'no fill under a hold', 'nothing stays stale']).toContain(
    failure!.breach.promised,
  );
  expect(failure!.steps.length).toBeLessThanOrEqual(LONGEST_SCHEDULE);
  const again = await replay(scenario, failure!.script);
  expect(again.breach?.message).toBe(failure!.breach.message);
  expect(again.steps).toEqual(failure!.steps);
}

describe('the explorer finds', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each(CONTROLS.filter(({ isRare }) => FULL_SIZE || !isRare))(
    '$mistake',
    (control) => expectFound(scenarioOf(control)),
    120_000,
  );

  it('reads that join the load of another instance from before the evict', async () => {
    const { load } = Loader.prototype;
    jest.spyOn(Loader.prototype, 'load').mockImplementation(async function (this: Loader, ...args) {
      return { ...(await load.apply(this, args)), doubtful: false };
    });
    await expectFound(scenarioOf({ mistake: 'joined', faults: [], mostKeys: 1 }));
  }, 120_000);

  it('is itself content when nothing is wrong with the same scenarios', async () => {
    for (const faults of [['crash'], ['link cut']] as const) {
      const { failure } = await explore({ subject: engineSubject, faults, schedules: 1_000, seed: 1 });
      expect(failure).toBeUndefined();
    }
  }, 120_000);
});
