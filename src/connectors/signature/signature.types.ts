/** A thing that a platform tells of a person, as far as the signature looks at it. */
export interface SignatureInput {
  readonly platform: string;
  readonly kind: string;
  /** When it was done or made, if the platform says. */
  readonly at?: Date | null;
  /** Words that say what it is about. */
  readonly labels: readonly string[];
  /** How much it tells of the person. @default 1 */
  readonly weight?: number;
}

/** How much of a reading comes from a platform; those of one reading add up to 1. */
export interface SignatureSource {
  readonly platform: string;
  readonly weight: number;
}

/** A trait, or a cluster of a life: how pronounced it is, and how much evidence there is for that. */
export interface SignatureReading {
  readonly name: string;
  /** 0 to 1. */
  readonly score: number;
  /** 0 to 1, never quite 1. */
  readonly confidence: number;
  /** The heaviest first. */
  readonly sources: readonly SignatureSource[];
}

export interface Signature {
  readonly algorithmVersion: string;
  /** Of the inputs alone: the same things in any order have the same. */
  readonly inputsHash: string;
  /** Things that it was made of. */
  readonly items: number;
  readonly dimensions: readonly SignatureReading[];
  readonly clusters: readonly SignatureReading[];
}

/** What is stored of one person. What was computed is null where the inputs told too little, or were removed. */
export interface SignatureRecord {
  /** Changes whenever what it is made of does. */
  inputs: string;
  version: number;
  algorithmVersion: string | null;
  inputsHash: string | null;
  items: number;
  dimensions: SignatureReading[] | null;
  clusters: SignatureReading[] | null;
  computedAt: Date | null;
  /** Made of other inputs than there are now. */
  outdated: boolean;
}
