import type { DeclaredPersonality, PersonalityReading, ReplyStyle } from './personality.types.js';
import { TONE_OF, TRAITS } from './traits.data.js';

/** A reply shows itself by then; the rest of a longer one is not read. */
const MAX_CHARS = 8_000;
const MAX_TRAITS = 5;
/** One cue in so many words is as clear as a trait gets. */
const WORDS_PER_CLEAR_CUE = 15;
/** A few words with one cue in them are no certainty. */
const LEAST_WORDS = 20;
/** Words from which a text says all that word lists can see; and how sure they may ever be. */
const TELLING_WORDS = 120;
const SURE_AT_MOST = 0.6;
const PLAIN_TONE = 'neutral';

/** Reads a text for what it shows of a personality, by word lists. Pure: the same text, the same answer. */
export function readPersonality(text: string, declared: DeclaredPersonality): PersonalityReading {
  const said = text.slice(0, MAX_CHARS);
  const style = styleOf(said);
  const shown = shownTraits(said, style.words);
  const [clearest] = shown;
  const confidence = rounded(SURE_AT_MOST * Math.min(1, style.words / TELLING_WORDS));
  return {
    traits: shown.slice(0, MAX_TRAITS),
    tone: {
      label: (clearest && TONE_OF[clearest.name]) ?? PLAIN_TONE,
      confidence: rounded(confidence * (clearest?.weight ?? 0.5)),
    },
    style,
    consistency: consistencyOf(shown, declared),
    confidence,
  };
}

function shownTraits(text: string, words: number): { name: string; weight: number }[] {
  const clear = Math.max(words, LEAST_WORDS) / WORDS_PER_CLEAR_CUE;
  return TRAITS.map(({ name, cues }) => ({
    name,
    weight: rounded(Math.min(1, [...text.matchAll(cues)].length / clear)),
  }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
}

/** The share of what is declared that is shown, by weight. Half of a clear showing counts as the whole. */
function consistencyOf(
  shown: readonly { name: string; weight: number }[],
  { traits, tone }: DeclaredPersonality,
): number | null {
  const comparable = [...traits, ...wordsOf(tone).map((name) => ({ name, weight: 0.5 }))].flatMap((trait) => {
    const name = knownName(trait.name);
    return name === undefined || trait.weight <= 0 ? [] : [{ name, weight: trait.weight }];
  });
  const declared = comparable.reduce((sum, { weight }) => sum + weight, 0);
  if (declared === 0) return null;
  const met = comparable.reduce((sum, { name, weight }) => {
    const seen = shown.find((trait) => trait.name === name)?.weight ?? 0;
    return sum + weight * Math.min(1, 2 * seen);
  }, 0);
  return rounded(met / declared);
}

/** The trait of the list that a declared word means; undefined for what cannot be told from words. */
export function knownName(declared: string): string | undefined {
  const words = wordsOf(declared);
  return TRAITS.find(({ name, also }) => [name, ...also.split(' ')].some((each) => words.includes(each)))
    ?.name;
}

export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}-]+/gu) ?? [];

function styleOf(text: string): ReplyStyle {
  const words = text.match(/[\p{L}\p{N}'’-]+/gu)?.length ?? 0;
  const sentences = Math.max(1, text.split(/[.!?…]+(?:\s|$)/u).filter((part) => /\p{L}/u.test(part)).length);
  return {
    words,
    wordsPerSentence: rounded(words / sentences),
    questions: text.match(/\?/g)?.length ?? 0,
    exclamations: text.match(/!/g)?.length ?? 0,
    gestures: text.match(/\*[^*\n]{1,200}\*/g)?.length ?? 0,
  };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
