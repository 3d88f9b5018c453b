import type { SentimentResult } from './analysis.types.js';
import { FEELING_SIGNS, FEELING_WORDS, NEGATIONS, STRENGTHENING } from './offline.lexicon.data.js';

/** How far a negation reaches: "not a very good day". */
const REACH = 3;
/** What is denied is mostly weaker than its opposite: "not good" is not "awful". */
const DENIED = -0.6;
/** Flattens sums, so that ten friendly words are not ten times as friendly. */
const SOFTNESS = 12;
const NEUTRAL_BELOW = 0.15;
const MIXED_FROM = 1.5;
const SURE_AT_MOST = 0.75;

const words = new Intl.Segmenter('en', { granularity: 'word' });

/** Feeling by words, signs and what stands before them. English; elsewhere it says how little it knows. */
export function readSentiment(text: string): SentimentResult {
  const found = [...feelingsOf(text), ...signsOf(text)];
  const sum = found.reduce((total, each) => total + each, 0);
  const score = rounded(sum / Math.sqrt(sum * sum + SOFTNESS));
  return { label: labelOf(found, score), score, confidence: confidenceOf(found.length, score) };
}

function feelingsOf(text: string): number[] {
  const said = [...words.segment(text)]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment.toLowerCase().replace('’', "'"));
  return said.flatMap((word, at) => {
    const weight = FEELING_WORDS.get(word);
    if (weight === undefined) return [];
    const before = said.slice(Math.max(0, at - REACH), at);
    const denied = before.some((each) => NEGATIONS.has(each) || each.endsWith("n't"));
    const strength = STRENGTHENING.get(before.at(-1) ?? '') ?? 1;
    return [weight * strength * (denied ? DENIED : 1)];
  });
}

const signsOf = (text: string): number[] =>
  FEELING_SIGNS.flatMap(([sign, weight]) => [...text.matchAll(sign)].map(() => weight));

function labelOf(found: readonly number[], score: number): SentimentResult['label'] {
  const sumOf = (sign: 1 | -1): number => found.reduce((total, each) => total + Math.max(0, each * sign), 0);
  if (sumOf(1) >= MIXED_FROM && sumOf(-1) >= MIXED_FROM && Math.abs(score) < 0.4) return 'mixed';
  if (Math.abs(score) < NEUTRAL_BELOW) return 'neutral';
  return score > 0 ? 'positive' : 'negative';
}

/** Without a word it knows it has only the absence of feeling to go by. */
const confidenceOf = (found: number, score: number): number =>
  found === 0 ? 0.2 : rounded(Math.min(SURE_AT_MOST, 0.3 + 0.1 * Math.min(found, 3) + 0.2 * Math.abs(score)));

const rounded = (value: number): number => Math.round(value * 100) / 100;
