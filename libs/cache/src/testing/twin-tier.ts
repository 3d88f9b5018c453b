import type { MemoryStore } from '../tiers/memory-store.js';
import { randomToken } from '../tiers/random-token.js';
import type {
  EvictOutcome,
  Eviction,
  HoldRequest,
  Lease,
  LeaseAnswer,
  LeaseRequest,
  MarkVersion,
  Slot,
  StoredText,
  Tier,
  TierRead,
} from '../tiers/tier.js';
import type { TwinConnection } from './twin-connection.js';

/** Told of what took place at the server, at the moment when it did. */
export interface TwinWatch {
  held(instance: string, eviction: Eviction, token: string): void;
  /** Dropped, and no longer held by the token. */
  evicted(eviction: Eviction, token: string | undefined): void;
  /** A loaded value was stored. */
  filled(slot: Slot): void;
  /** The server forgot everything. */
  flushed(): void;
}

/** The tier of one engine: what is a command or a script in Redis is one request here, and takes as many steps. */
export class TwinTier implements Tier {
  constructor(
    private readonly connection: TwinConnection,
    private readonly store: MemoryStore,
    private readonly instance: string,
    private readonly watch?: TwinWatch,
  ) {}

  async read(slot: Slot, marks: readonly string[]): Promise<TierRead> {
    const value = this.connection.request(`get ${slot.key}`, () => this.store.read(slot, []).text);
    const versions = marks.map((mark) =>
      this.connection.request(`get ${mark}`, () => this.store.read(slot, [mark]).marks[0] ?? null),
    );
    const [text, ...found] = await Promise.all([value, ...versions]);
    return { text, marks: found };
  }

  settleMark(mark: string): Promise<MarkVersion> {
    return this.connection.request(`settle ${mark}`, () => this.store.settleMark(mark));
  }

  lease(request: LeaseRequest): Promise<LeaseAnswer> {
    const token = randomToken();
    return this.connection.request(`lease ${request.slot.key}`, () =>
      this.store.lease(this.instance, request, token),
    );
  }

  renew(slot: Slot, lease: Lease): Promise<boolean> {
    return this.connection.request(`renew ${slot.key}`, () => this.store.renew(slot, lease));
  }

  fill(slot: Slot, lease: Lease, stored: StoredText): Promise<boolean> {
    return this.connection.request(`fill ${slot.key}`, () => {
      const filled = this.store.fill(slot, lease, stored);
      if (filled) this.watch?.filled(slot);
      return filled;
    });
  }

  abandon(slot: Slot, lease: Lease): Promise<boolean> {
    return this.connection.request(`abandon ${slot.key}`, () => this.store.abandon(slot, lease));
  }

  hold(request: HoldRequest): Promise<void> {
    const { eviction, token } = request;
    return this.connection.request(`hold ${nameOf(eviction)}`, () => {
      this.store.hold(this.instance, request);
      this.watch?.held(this.instance, eviction, token);
    });
  }

  put(
    slot: Slot,
    stored: StoredText,
    own?: { readonly lease: Lease; readonly token: string },
  ): Promise<boolean> {
    return this.connection.request(`put ${slot.key}`, () => {
      const stands = this.store.put(this.instance, slot, stored, own);
      this.watch?.evicted({ kind: 'entry', slot }, own?.token);
      return stands;
    });
  }

  async evict(evictions: readonly Eviction[], token?: string): Promise<EvictOutcome> {
    await Promise.all(
      evictions.map((eviction) =>
        this.connection.request(`evict ${nameOf(eviction)}`, () => {
          this.store.evict(this.instance, eviction, token);
          this.watch?.evicted(eviction, token);
        }),
      ),
    );
    return 'applied';
  }
}

function nameOf(eviction: Eviction): string {
  if (eviction.kind === 'entry') return eviction.slot.key;
  return eviction.kind === 'clear' ? `all of ${eviction.cache}` : `tag ${eviction.tag}`;
}
