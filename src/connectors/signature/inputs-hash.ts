import { createHash } from 'node:crypto';
import type { CanonicalInput } from './canonical-input.js';

const MODULUS_BITS = 256;

/**
 * A hash of things whatever their order: the hashes of the things are added. (Clarke, Devadas, van Dijk, Gassend, Suh:
 * Incremental Multiset Hash Functions, ASIACRYPT 2003, MSet-Add-Hash without its key, because nobody gains from making
 * two sets of their own that hash alike.)
 */
export class InputsHash {
  private sum = 0n;
  private count = 0;

  add({ platform, kind, at, labels, units }: CanonicalInput): void {
    const text = JSON.stringify([platform, kind, at ?? null, units, labels]);
    const digest = createHash('sha256').update(text).digest('hex');
    this.sum = BigInt.asUintN(MODULUS_BITS, this.sum + BigInt(`0x${digest}`));
    this.count += 1;
  }

  digest(): string {
    return createHash('sha256')
      .update(`${this.count} ${this.sum.toString(16)}`)
      .digest('hex');
  }
}
