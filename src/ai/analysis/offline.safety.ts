import type { SafetyResult } from './analysis.types.js';
import { SAFETY_RULES } from './offline.lexicon.data.js';

const FLAGGED_FROM = 0.5;
const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}/;
/** Digits as phone and card numbers are written. */
const NUMBER = /\+?\d(?:[ ().-]{0,2}\d){8,18}/g;
const PERSONAL_SCORE = 0.8;

/**
 * What a text may need somebody's eyes for, by phrases and patterns. It sees words and not what is meant: it misses what
 * is paraphrased and flags what is quoted or told, and its confidence says so.
 */
export function readSafety(text: string): SafetyResult {
  const scores = new Map<SafetyResult['categories'][number]['category'], number>();
  for (const { category, pattern, score } of SAFETY_RULES) {
    if (pattern.test(text)) scores.set(category, Math.max(score, scores.get(category) ?? 0));
  }
  if (hasPersonalData(text)) scores.set('personal-data', PERSONAL_SCORE);
  const categories = [...scores].map(([category, score]) => ({ category, score }));
  categories.sort((a, b) => b.score - a.score);
  return {
    flagged: categories.some(({ score }) => score >= FLAGGED_FROM),
    categories,
    confidence: categories.length > 0 ? 0.6 : 0.4,
  };
}

function hasPersonalData(text: string): boolean {
  if (EMAIL.test(text)) return true;
  return [...text.matchAll(NUMBER)].some(([written]) => {
    const digits = written.replace(/\D/g, '');
    return written.startsWith('+') || (digits.length >= 13 && passesLuhn(digits));
  });
}

/** The check digit of payment cards. */
function passesLuhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
