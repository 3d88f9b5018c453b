import { canonicalInput } from './canonical-input.js';
import { PlatformEvidence } from './evidence.js';
import { InputsHash } from './inputs-hash.js';
import type { Signature, SignatureInput } from './signature.types.js';
import { clustersIn, traitsOf } from './traits.js';

/** Of the formulas and of the lexicon. Whatever makes a different signature of the same things raises it. */
export const ALGORITHM_VERSION = '1';
/** Fewer things say nothing about anybody. */
export const NEEDED_ITEMS = 20;

/**
 * Makes a signature of what platforms tell of a person, thing by thing: a pure function of the things, whatever their
 * order. However many there are, memory is bounded by the number of platforms.
 *
 * @example
 * const reading = new SoulSignatureReading();
 * for await (const batch of inputs) reading.add(batch);
 * reading.missing === 0 && reading.signature();
 */
export class SoulSignatureReading {
  private readonly platforms = new Map<string, PlatformEvidence>();
  private readonly hash = new InputsHash();
  private items = 0;

  add(inputs: Iterable<SignatureInput>): void {
    for (const raw of inputs) {
      const input = canonicalInput(raw);
      let evidence = this.platforms.get(input.platform);
      if (!evidence) this.platforms.set(input.platform, (evidence = new PlatformEvidence()));
      evidence.add(input);
      this.hash.add(input);
      this.items += 1;
    }
  }

  /** Things that there should be more of. */
  get missing(): number {
    return Math.max(0, NEEDED_ITEMS - this.items);
  }

  get count(): number {
    return this.items;
  }

  get inputsHash(): string {
    return this.hash.digest();
  }

  /** Also of few things; whether it is to be shown says {@link missing}. */
  signature(): Signature {
    return {
      algorithmVersion: ALGORITHM_VERSION,
      inputsHash: this.inputsHash,
      items: this.items,
      dimensions: traitsOf(this.platforms),
      clusters: clustersIn(this.platforms),
    };
  }
}
