import type { Intent } from '../offline/message.reading.js';

export const ANALYSIS_KINDS = ['sentiment', 'intent', 'topics', 'safety'] as const;
export type AnalysisKind = (typeof ANALYSIS_KINDS)[number];

export const SENTIMENTS = ['positive', 'negative', 'neutral', 'mixed'] as const;
export const INTENTS = [
  'greeting',
  'farewell',
  'thanks',
  'wellbeing',
  'identity',
  'place',
  'feeling',
  'request',
  'question',
  'statement',
  'murmur',
] as const satisfies readonly Intent[];
export const SAFETY_CATEGORIES = [
  'self-harm',
  'violence',
  'sexual',
  'harassment',
  'illegal-acts',
  'personal-data',
] as const;

export interface SentimentResult {
  label: (typeof SENTIMENTS)[number];
  /** -1 to 1. */
  score: number;
  /** 0 to 1. */
  confidence: number;
}

export interface IntentResult {
  label: Intent;
  confidence: number;
}

export interface TopicsResult {
  /** The weightiest first; weights add up to at most 1. */
  topics: { topic: string; weight: number }[];
  confidence: number;
}

export interface SafetyResult {
  /** Whether any category reached one half. */
  flagged: boolean;
  categories: { category: (typeof SAFETY_CATEGORIES)[number]; score: number }[];
  confidence: number;
}

export interface AnalysisResults {
  sentiment?: SentimentResult;
  intent?: IntentResult;
  topics?: TopicsResult;
  safety?: SafetyResult;
}

/** Reads a text for some kinds. What it answers for one text and one version never changes. */
export interface Analyst {
  /** Part of the cache key: another way of reading has another version. */
  readonly version: string;
  analyse(text: string, kinds: readonly AnalysisKind[]): Promise<AnalysisResults>;
}
