import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { hash, parseOptions, verify, type Options } from '@node-rs/argon2';
import { HashingQueue } from './hashing-queue.js';
import { PasswordSettings } from './passwords.settings.js';

/** Argon2id (RFC 9106), a bounded number at a time: each costs tens of milliseconds and megabytes. */
@Injectable()
export class PasswordsService implements OnModuleInit {
  private readonly queue: HashingQueue;
  // The library's default algorithm is Argon2id; its enum cannot be imported from isolated modules.
  private readonly cost: Options;
  private nobodysHash?: Promise<string>;

  constructor(settings: PasswordSettings) {
    this.queue = new HashingQueue(settings.hashConcurrency, settings.hashQueue);
    this.cost = {
      memoryCost: settings.argon2MemoryKib,
      timeCost: settings.argon2Passes,
      parallelism: settings.argon2Lanes,
    };
  }

  /** Made at start, so that the first unknown account costs one hash like every other. */
  async onModuleInit(): Promise<void> {
    await this.hashOfNobody();
  }

  hash(password: string): Promise<string> {
    return this.queue.run(() => hash(canonical(password), this.cost));
  }

  /** Without a hash (unknown account, or one without a password) the same work is done, and the answer is no. */
  async verify(passwordHash: string | null | undefined, password: string): Promise<boolean> {
    const against = passwordHash ?? (await this.hashOfNobody());
    const matches = await this.queue.run(() => verify(against, canonical(password)));
    return matches && against === passwordHash;
  }

  /** Whether a hash was made with other costs than the ones in force. */
  isOutdated(passwordHash: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(passwordHash);
    return (
      memoryCost !== this.cost.memoryCost ||
      timeCost !== this.cost.timeCost ||
      parallelism !== this.cost.parallelism
    );
  }

  private hashOfNobody(): Promise<string> {
    return (this.nobodysHash ??= hash(randomBytes(32), this.cost));
  }
}

/** One password typed on two keyboards is one password (NIST SP 800-63B §5.1.1.2). */
const canonical = (password: string): string => password.normalize('NFKC');
