import { randomBytes } from 'node:crypto';
import { clearMessage, evictMessage, tagMessage } from '../bus/bus-message.js';
import { evictScript } from '../lua/evict.lua.js';
import { fillScript } from '../lua/fill.lua.js';
import { leaseScript } from '../lua/lease.lua.js';
import { markScript } from '../lua/mark.lua.js';
import { putScript } from '../lua/put.lua.js';
import { reserveScript } from '../lua/reserve.lua.js';
import { LEASE_MS } from './memory-tier.js';
import { RedisScript, type RedisConnection } from './redis-script.js';
import {
  TAG_MARK_MS,
  clearMark,
  tagMark,
  type EvictOutcome,
  type Lease,
  type Slot,
  type Stamp,
  type Tier,
  type TierRead,
  type TierText,
} from './tier.js';

const LEASE = new RedisScript(leaseScript);
const RESERVE = new RedisScript(reserveScript);
const FILL = new RedisScript(fillScript);
const PUT = new RedisScript(putScript);
const EVICT = new RedisScript(evictScript);
const MARK = new RedisScript(markScript);

export interface RedisTierOptions {
  /** `prefix:env:`, in front of every key. */
  readonly prefix: string;
  readonly channel: string;
  /** Who sends the bus messages. */
  readonly instance: string;
}

/** Entries in Redis, without any care for outages: that is `GuardedTier`'s part. A read is one plain GET. */
export class RedisTier implements Tier {
  constructor(
    private readonly redis: RedisConnection,
    private readonly options: RedisTierOptions,
  ) {}

  async read(slot: Slot, marks: readonly string[]): Promise<TierRead> {
    const value = this.redis.get(this.valueKey(slot));
    if (marks.length === 0) return { text: await value, marks };
    // Written to the socket together: one round trip, in Cluster too.
    const [text, ...stamps] = await Promise.all([
      value,
      ...marks.map((mark) => this.redis.get(this.markKey(mark))),
    ]);
    return { text: text ?? null, marks: stamps };
  }

  async lease(slot: Slot, header: string, dead: Stamp): Promise<{ text: string } | { lease: Lease }> {
    const answer = await LEASE.run(this.redis, this.keys(slot), [header, dead, token(), String(LEASE_MS)]);
    const [kind, text] = answer as ['value' | 'lease', string];
    return kind === 'value' ? { text } : { lease: text };
  }

  async reserve(slot: Slot): Promise<Lease> {
    const [, leaseKey] = this.keys(slot);
    return (await RESERVE.run(this.redis, [leaseKey], [token(), String(LEASE_MS)])) as Lease;
  }

  async fill(slot: Slot, lease: Lease, text: TierText, ttlMs: number): Promise<boolean> {
    const whole = text.header + lease.slice(0, 16) + text.rest;
    return (await FILL.run(this.redis, this.keys(slot), [lease, whole, String(ttlMs)])) === 1;
  }

  async put(slot: Slot, lease: Lease | undefined, text: TierText, ttlMs: number): Promise<boolean> {
    const message = evictMessage(this.options.instance, slot.cache, slot.key);
    const args = [lease ?? '', text.header, text.rest, String(ttlMs), this.options.channel, message];
    return (await PUT.run(this.redis, this.keys(slot), args)) === 1;
  }

  async evict(slots: readonly Slot[]): Promise<EvictOutcome> {
    await Promise.all(
      slots.map((slot) => {
        const message = evictMessage(this.options.instance, slot.cache, slot.key);
        return EVICT.run(this.redis, this.keys(slot), [this.options.channel, message]);
      }),
    );
    return 'applied';
  }

  async clear(cache: string): Promise<EvictOutcome> {
    const message = clearMessage(this.options.instance, cache);
    await MARK.run(this.redis, [this.markKey(clearMark(cache))], [this.options.channel, message, '0']);
    return 'applied';
  }

  async evictTag(tag: string): Promise<EvictOutcome> {
    const message = tagMessage(this.options.instance, tag);
    const args = [this.options.channel, message, String(TAG_MARK_MS)];
    await MARK.run(this.redis, [this.markKey(tagMark(tag))], args);
    return 'applied';
  }

  /** The braces are a Cluster hash tag: value and lease share a slot. Encoded keys hold no brace themselves. */
  private valueKey(slot: Slot): string {
    return `${this.options.prefix}{${slot.key}}`;
  }

  private keys(slot: Slot): [value: string, lease: string] {
    const value = this.valueKey(slot);
    return [value, `${value}:lease`];
  }

  private markKey(mark: string): string {
    return `${this.options.prefix}{${mark}}`;
  }
}

const token = (): string => randomBytes(9).toString('base64url');
