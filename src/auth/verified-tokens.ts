import type { VerifiedToken } from './tokens.service.js';

/**
 * Tokens whose signature was checked already. It cannot become wrong, only too old, and checking it takes a turn of the
 * thread pool, behind any passwords that are being hashed. The least recently seen token makes room.
 */
export class VerifiedTokens {
  private readonly seen = new Map<string, VerifiedToken>();

  constructor(
    private readonly maxTokens: number,
    private readonly toleranceMs: number,
  ) {}

  get(token: string): VerifiedToken | undefined {
    const verified = this.seen.get(token);
    if (!verified) return undefined;
    this.seen.delete(token);
    if (verified.expiresAt.getTime() + this.toleranceMs <= Date.now()) return undefined;
    this.seen.set(token, verified);
    return verified;
  }

  add(token: string, verified: VerifiedToken): void {
    this.seen.set(token, verified);
    if (this.seen.size <= this.maxTokens) return;
    const [oldest] = this.seen.keys();
    if (oldest !== undefined) this.seen.delete(oldest);
  }
}
