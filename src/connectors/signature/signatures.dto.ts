import { ApiProperty } from '@nestjs/swagger';
import type { KnownSignature } from './signatures.service.js';

export class SoulSignatureSource {
  platform!: string;
  /** How much of the reading comes from it; those of one reading add up to 1. */
  weight!: number;
}

/** A trait, or a cluster of a life; docs/soul-signature.md explains each. */
export class SoulSignatureReadingView {
  name!: string;
  /** 0 to 1. */
  score!: number;
  /** 0 to 1: how much evidence there is for it. */
  confidence!: number;
  sources!: SoulSignatureSource[];
}

/** What the things that platforms tell of somebody say about them. */
export class SoulSignature {
  /** Rises with every other signature. */
  @ApiProperty({ type: 'integer' })
  version!: number;
  algorithmVersion!: string;
  computedAt!: string;
  /** Of the things it was made of: the same things have the same. */
  inputsHash!: string;
  /** Traits. */
  dimensions!: SoulSignatureReadingView[];
  /** What attention goes to, the most first. */
  clusters!: SoulSignatureReadingView[];
  /** Another one is being made. */
  stale!: boolean;
}

export class OrderedSoulSignature {
  /** Follow it at `/api/jobs/{jobId}`. */
  jobId!: string;
}

export const toSoulSignature = (signature: KnownSignature): SoulSignature => ({
  version: signature.version,
  algorithmVersion: signature.algorithmVersion,
  computedAt: signature.computedAt.toISOString(),
  inputsHash: signature.inputsHash,
  dimensions: signature.dimensions.map(toView),
  clusters: signature.clusters.map(toView),
  stale: signature.stale,
});

const toView = ({
  name,
  score,
  confidence,
  sources,
}: KnownSignature['dimensions'][number]): SoulSignatureReadingView => ({
  name,
  score,
  confidence,
  sources: sources.map(({ platform, weight }) => ({ platform, weight })),
});
