import { clearMessage, evictMessage, tagMessage, wakeMessage } from '../bus/bus-message.js';
import { evictScript, holdScript } from '../lua/evict.lua.js';
import { abandonScript, fillScript } from '../lua/fill.lua.js';
import { leaseScript, renewScript } from '../lua/lease.lua.js';
import { markScript, settleScript } from '../lua/mark.lua.js';
import { putScript } from '../lua/put.lua.js';
import { randomToken } from './random-token.js';
import { RedisScript, isCluster, type RedisConnection } from './redis-script.js';
import {
  HOLD_MS,
  LEASE_MS,
  TAG_MARK_MS,
  clearMark,
  tagMark,
  type EvictOutcome,
  type Eviction,
  type FillRequest,
  type HoldRequest,
  type Lease,
  type LeaseAnswer,
  type LeaseRequest,
  type MarkVersion,
  type ReadRequest,
  type Slot,
  type StoredText,
  type Tier,
  type TierBatches,
  type TierRead,
} from './tier.js';

const NO_MARKS: readonly MarkVersion[] = [];

const LEASE = new RedisScript(leaseScript);
const RENEW = new RedisScript(renewScript);
const FILL = new RedisScript(fillScript);
const ABANDON = new RedisScript(abandonScript);
const PUT = new RedisScript(putScript);
const EVICT = new RedisScript(evictScript);
const HOLD = new RedisScript(holdScript);
const MARK = new RedisScript(markScript);
const SETTLE = new RedisScript(settleScript);

export interface RedisTierOptions {
  /** `prefix:env:`, in front of every key. */
  readonly prefix: string;
  /** Every instance hears it. */
  readonly channel: string;
  /** Only this instance hears it. */
  readonly ownChannel: string;
  /** Who sends the bus messages. */
  readonly instance: string;
}

/** Entries in Redis, without any care for outages: that is `GuardedTier`'s part. A read is one plain GET. */
export class RedisTier implements Tier {
  /** The keys of a command lie on one server; in a Cluster they would not. */
  readonly batches?: TierBatches;

  constructor(
    private readonly redis: RedisConnection,
    private readonly options: RedisTierOptions,
  ) {
    if (isCluster(redis)) return;
    this.batches = {
      readAll: (requests) => this.readAll(requests),
      leaseAll: (requests) => this.leaseAll(requests),
      fillAll: (requests) => this.fillAll(requests),
    };
  }

  async read(slot: Slot, marks: readonly string[]): Promise<TierRead> {
    const keys = [this.valueKey(slot), ...marks.map((mark) => this.markKey(mark))];
    // Written to the socket together: one round trip, in Cluster too.
    const [text = null, ...versions] = await Promise.all(keys.map((key) => this.redis.get(key)));
    return { text, marks: versions };
  }

  private async readAll(requests: readonly ReadRequest[]): Promise<TierRead[]> {
    const keys = requests.map(({ slot }) => this.valueKey(slot));
    const markAt = new Map<string, number>();
    for (const { marks } of requests)
      for (const mark of marks) if (!markAt.has(mark)) markAt.set(mark, keys.push(this.markKey(mark)) - 1);
    const texts = keys.length === 1 ? [await this.redis.get(keys[0]!)] : await this.redis.mget(keys);
    return requests.map(({ marks }, at) => ({
      text: texts[at] ?? null,
      marks: marks.length === 0 ? NO_MARKS : marks.map((mark) => texts[markAt.get(mark)!] ?? null),
    }));
  }

  async settleMark(mark: string): Promise<MarkVersion> {
    const key = this.markKey(mark);
    return (await SETTLE.run(this.redis, [key, `${key}:hold`], [randomToken(), keepMs(mark)])) as MarkVersion;
  }

  async lease(request: LeaseRequest): Promise<LeaseAnswer> {
    return (await this.leaseAll([request]))[0]!;
  }

  private async leaseAll(requests: readonly LeaseRequest[]): Promise<LeaseAnswer[]> {
    const keys = requests.flatMap(({ slot }) => this.keys(slot));
    const args = [String(LEASE_MS), this.options.ownChannel];
    for (const { prefix, seen = '', versions } of requests) args.push(prefix, seen, versions, randomToken());
    const answers = (await LEASE.run(this.redis, keys, args)) as [LeaseAnswer['kind'], string][];
    return answers.map(([kind, text]) => {
      if (kind === 'text') return { kind, text };
      return kind === 'lease' ? { kind, lease: text } : { kind };
    });
  }

  async renew(slot: Slot, lease: Lease): Promise<boolean> {
    return (await RENEW.run(this.redis, [this.keys(slot)[1]], [lease, String(LEASE_MS)])) === 1;
  }

  async fill(slot: Slot, lease: Lease, stored: StoredText): Promise<boolean> {
    return (await this.fillAll([{ slot, lease, stored }]))[0]!;
  }

  private async fillAll(requests: readonly FillRequest[]): Promise<boolean[]> {
    const keys: string[] = [];
    const args: string[] = [];
    for (const { slot, lease, stored } of requests) {
      const [value, leaseKey, , waiters] = this.keys(slot);
      keys.push(value, leaseKey, waiters);
      args.push(lease, stored.text, String(stored.ttlMs), wakeMessage('filled', slot.cache, slot.key));
    }
    return ((await FILL.run(this.redis, keys, args)) as number[]).map((answer) => answer === 1);
  }

  async abandon(slot: Slot, lease: Lease): Promise<boolean> {
    const [, leaseKey, , waiters] = this.keys(slot);
    const args = [lease, wakeMessage('abandoned', slot.cache, slot.key)];
    return (await ABANDON.run(this.redis, [leaseKey, waiters], args)) === 1;
  }

  async put(
    slot: Slot,
    { text, ttlMs }: StoredText,
    own?: { readonly lease: Lease; readonly token: string },
  ): Promise<boolean> {
    const args = [...this.dropArgs(slot, own?.token), own?.lease ?? '', text, String(ttlMs)];
    return (await PUT.run(this.redis, this.keys(slot), args)) === 1;
  }

  async hold({ eviction, token, lease = '', isRenewal }: HoldRequest): Promise<void> {
    if (eviction.kind !== 'entry') return this.move(eviction, '', token);
    const args = [...this.dropArgs(eviction.slot, token), String(HOLD_MS), lease, isRenewal ? '1' : '0'];
    await HOLD.run(this.redis, this.keys(eviction.slot), args);
  }

  async evict(evictions: readonly Eviction[], token?: string): Promise<EvictOutcome> {
    await Promise.all(evictions.map((eviction) => this.evictOne(eviction, token)));
    return 'applied';
  }

  private async evictOne(eviction: Eviction, token?: string): Promise<void> {
    if (eviction.kind !== 'entry') return this.move(eviction, token ?? '', '');
    await EVICT.run(this.redis, this.keys(eviction.slot), this.dropArgs(eviction.slot, token));
  }

  private async move(
    eviction: Exclude<Eviction, { kind: 'entry' }>,
    endOf: string,
    beginOf: string,
  ): Promise<void> {
    const { channel, instance } = this.options;
    const [mark, message] =
      eviction.kind === 'clear'
        ? [clearMark(eviction.cache), clearMessage(instance, eviction.cache)]
        : [tagMark(eviction.tag), tagMessage(instance, eviction.tag)];
    const key = this.markKey(mark);
    const args = [randomToken(), keepMs(mark), channel, message, endOf, beginOf, String(HOLD_MS)];
    await MARK.run(this.redis, [key, `${key}:hold`], args);
  }

  /** Common to all scripts that drop an entry. */
  private dropArgs(slot: Slot, token = ''): string[] {
    const { channel, instance } = this.options;
    const message = evictMessage(instance, slot.cache, slot.key);
    return [channel, message, token, wakeMessage('evicted', slot.cache, slot.key)];
  }

  /** The braces are a Cluster hash tag: value, lease and hold share a slot. Encoded keys hold no brace themselves. */
  private valueKey(slot: Slot): string {
    return `${this.options.prefix}{${slot.key}}`;
  }

  private keys(slot: Slot): [value: string, lease: string, holds: string, waiters: string] {
    const value = this.valueKey(slot);
    return [value, `${value}:lease`, `${value}:hold`, `${value}:waiters`];
  }

  private markKey(mark: string): string {
    return `${this.options.prefix}{${mark}}`;
  }
}

/** A cache's own mark, of which there are few, is kept for ever; those of tags are not. */
const keepMs = (mark: string): string => (mark.startsWith('#clear:') ? '0' : String(TAG_MARK_MS));
