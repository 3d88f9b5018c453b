import type { LockStore, LockTaking } from './lock.js';

/** Settings of {@link MemoryLocks}. */
export interface MemoryLocksOptions {
  /** Milliseconds that never go back. @default performance.now */
  now?: () => number;
}

/** Locks between callers of this process; remembers only those that are held. */
export class MemoryLocks implements LockStore {
  private readonly held = new Map<string, { owner: string; until: number }>();
  private readonly now: () => number;
  private lastFence = 0;

  constructor({ now = () => performance.now() }: MemoryLocksOptions = {}) {
    this.now = now;
  }

  take(name: string, owner: string, leaseMs: number): Promise<LockTaking> {
    const now = this.now();
    const holder = this.held.get(name);
    if (holder && holder.until > now) return Promise.resolve({ busyMs: Math.ceil(holder.until - now) });
    this.held.set(name, { owner, until: now + leaseMs });
    // From the time of day, so that it goes on rising in the next process.
    this.lastFence = Math.max(this.lastFence + 1, Date.now() * 1_000);
    return Promise.resolve({ fence: this.lastFence });
  }

  renew(name: string, owner: string, leaseMs: number): Promise<boolean> {
    const isOwner = this.isOwner(name, owner);
    if (isOwner) this.held.set(name, { owner, until: this.now() + leaseMs });
    return Promise.resolve(isOwner);
  }

  release(name: string, owner: string): Promise<boolean> {
    const isOwner = this.isOwner(name, owner);
    if (this.held.get(name)?.owner === owner) this.held.delete(name);
    return Promise.resolve(isOwner);
  }

  private isOwner(name: string, owner: string): boolean {
    const holder = this.held.get(name);
    return holder?.owner === owner && holder.until > this.now();
  }
}
