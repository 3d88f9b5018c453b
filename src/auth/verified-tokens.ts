import { hash } from 'node:crypto';
import type { VerifiedToken } from './tokens.service.js';

/**
 * Tokens whose signature was checked already. It cannot become wrong, only too old, and checking it takes a turn of the
 * thread pool, behind any passwords that are being hashed. The least recently seen token makes room. Digests take little
 * memory, and nobody can log in with what is found there.
 */
export class VerifiedTokens {
  /** By the digest of the whole token. */
  private readonly seen = new Map<string, VerifiedToken>();

  constructor(
    private readonly maxTokens: number,
    private readonly toleranceMs: number,
  ) {}

  get(token: string): VerifiedToken | undefined {
    const digest = digestOf(token);
    const verified = this.seen.get(digest);
    if (!verified) return undefined;
    this.seen.delete(digest);
    if (verified.expiresAt + this.toleranceMs <= Date.now()) return undefined;
    this.seen.set(digest, verified);
    return verified;
  }

  add(token: string, verified: VerifiedToken): void {
    this.seen.set(digestOf(token), verified);
    if (this.seen.size <= this.maxTokens) return;
    const [oldest] = this.seen.keys();
    if (oldest !== undefined) this.seen.delete(oldest);
  }
}

const digestOf = (token: string): string => hash('sha256', token, 'base64');
