import { defineCache } from '@rapport/cache';
import type { AnalysisResults } from './analysis.types.js';

/** What an analysis depends on, and nothing else. */
export interface AnalysisKey {
  version: string;
  /** In their fixed order. */
  kinds: string;
  /** SHA-256 of the text: people's words are no part of a key. */
  textHash: string;
}

/**
 * Analyses by content, for all instances. The same text read the same way gives the same result, so nothing makes an
 * entry untrue; `DELETE /api/ai/caches/analyses` drops all.
 */
export const messageAnalyses = defineCache<[key: AnalysisKey], AnalysisResults>({
  name: 'message:analysis',
  key: ({ version, kinds, textHash }) => [version, kinds, textHash],
  ttl: '24h',
  l1: { ttl: '10m' },
});
