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
  type HoldRequest,
  type Lease,
  type LeaseAnswer,
  type LeaseRequest,
  type MarkVersion,
  type Slot,
  type StoredText,
  type Tier,
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
  constructor(
    private readonly redis: RedisConnection,
    private readonly options: RedisTierOptions,
  ) {}

  read(slot: Slot, marks: readonly string[]): Promise<TierRead> {
    const key = this.valueKey(slot);
    if (marks.length === 0) return this.redis.get(key).then((text) => ({ text, marks: NO_MARKS }));
    const keys = [key, ...marks.map((mark) => this.markKey(mark))];
    return this.getAll(keys).then(([text = null, ...versions]) => ({ text, marks: versions }));
  }

  /** In one round trip; the nodes of a Cluster know only their own keys. */
  private getAll(keys: string[]): Promise<(string | null)[]> {
    if (!isCluster(this.redis)) return this.redis.mget(keys);
    return Promise.all(keys.map((key) => this.redis.get(key)));
  }

  async settleMark(mark: string): Promise<MarkVersion> {
    const key = this.markKey(mark);
    return (await SETTLE.run(this.redis, [key, `${key}:hold`], [randomToken(), keepMs(mark)])) as MarkVersion;
  }

  async lease({ slot, prefix, seen = '', versions }: LeaseRequest): Promise<LeaseAnswer> {
    const args = [prefix, seen, versions, randomToken(), String(LEASE_MS), this.options.ownChannel];
    const [kind, text] = (await LEASE.run(this.redis, this.keys(slot), args)) as [
      LeaseAnswer['kind'],
      string,
    ];
    if (kind === 'text') return { kind, text };
    return kind === 'lease' ? { kind, lease: text } : { kind };
  }

  async renew(slot: Slot, lease: Lease): Promise<boolean> {
    return (await RENEW.run(this.redis, [this.keys(slot)[1]], [lease, String(LEASE_MS)])) === 1;
  }

  async fill(slot: Slot, lease: Lease, { text, ttlMs }: StoredText): Promise<boolean> {
    const [value, leaseKey, , waiters] = this.keys(slot);
    const args = [lease, text, String(ttlMs), wakeMessage('filled', slot.cache, slot.key)];
    return (await FILL.run(this.redis, [value, leaseKey, waiters], args)) === 1;
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
