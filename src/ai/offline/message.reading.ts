export type Intent =
  | 'greeting'
  | 'farewell'
  | 'thanks'
  | 'wellbeing'
  | 'identity'
  | 'place'
  | 'feeling'
  | 'request'
  | 'question'
  | 'statement'
  /** A sound or a sign rather than words: "ok", "hm", an emoji. */
  | 'murmur';

export interface MessageReading {
  intent: Intent;
  /** It opens with a greeting, whatever follows. */
  greets: boolean;
  /** Lower case, in the order they were said. */
  keywords: string[];
  /** What to quote back: the last telling words as they were written, else the beginning of the message. */
  topic: string;
}

const GREETING =
  /^[\s\p{P}\p{S}]*(?:hi|hello|hey|hiya|howdy|yo|greetings|good\s+(?:morning|afternoon|evening|day)|hola|bonjour|salut|hallo|ciao|namaste)(?=[\s\p{P}\p{S}]|$)/iu;
const INTENTS: readonly (readonly [Intent, RegExp])[] = [
  [
    'wellbeing',
    /\bhow\s+(?:are|r)\s+(?:you|u|things)\b|\bhow(?:'|’)?s\s+(?:it|life|everything)\b|\bhow\s+do\s+you\s+feel\b/i,
  ],
  [
    'identity',
    /\bwho\s+are\s+you\b|\byour\s+name\b|\babout\s+yourself\b|\bintroduce\s+yourself\b|\bwhat\s+are\s+you\b/i,
  ],
  [
    'place',
    /\bwhere\s+(?:are|is|am)\b|\bwhat\s+is\s+this\s+place\b|\bwhat(?:'|’)?s\s+(?:going\s+on|happening)\b/i,
  ],
  ['thanks', /\b(?:thanks|thank\s+you|thx|cheers)\b/i],
  ['farewell', /\b(?:good\s?bye|bye|good\s*night|farewell|see\s+you|have\s+to\s+go|gotta\s+go)\b/i],
  [
    'feeling',
    /\bi(?:\s+am|(?:'|’)?m|\s+feel)\s+(?:\w+\s+)?(?<topic>sad|tired|lonely|afraid|scared|anxious|angry|lost|bored|stressed|upset|worried|happy|excited|proud|glad|nervous|hurt)\b/i,
  ],
  [
    'request',
    /^\W*(?:please\s+)?(?:tell|show|give|help|explain|describe|sing|write|read|teach|let(?:'|’)?s|let\s+me)\b|\b(?:can|could|would|will)\s+you\b/i,
  ],
  [
    'question',
    /[?？؟]|^\W*(?:who|what|why|when|where|which|how|do|does|did|is|are|was|were|have|has|should)\b/i,
  ],
];

const ORDINARY = new Set(
  (
    'about above after again also always another anything around because been before being believe below better both ' +
    'came cannot come could days does doing done don down each else ever every everything feel feeling felt find first ' +
    'from gave give going gonna good great had has have having hello help here hers him himself his how into its ' +
    'itself just keep know known last least less let like liked likes little long look love made make many maybe mean more most ' +
    'much must myself name need never next nice nothing once only other ours over please quite rather really right ' +
    'said same says seem shall she should show since some someone something sometimes still such sure take talk tell ' +
    'than thank thanks that the their them then there these they thing things think this those though time today ' +
    'together told too tried try under until upon very want wanted was way well went were what when where which while ' +
    'who whom whose why will with without wonder would yeah yes yesterday you your yours yourself for and but are not can any all out ' +
    'did get got how may see say may its ask tomorrow tonight'
  ).split(' '),
);

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const words = new Intl.Segmenter('en', { granularity: 'word' });
const LATIN = /^\p{Script=Latin}+$/u;
const MAX_QUOTE_GRAPHEMES = 40;

export function readMessage(text: string): MessageReading {
  const greets = GREETING.test(text);
  const rest = greets ? text.replace(GREETING, '') : text;
  const keywords = keywordsOf(rest);
  const matched = INTENTS.map(([intent, pattern]) => ({ intent, match: pattern.exec(rest) })).find(
    ({ match }) => match !== null,
  );
  const wordless = greets ? 'greeting' : 'murmur';
  const intent = matched?.intent ?? (keywords.length === 0 ? wordless : 'statement');
  return { intent, greets, keywords, topic: matched?.match?.groups?.topic ?? topicOf(rest) };
}

/** The words that carry the meaning; each once, lower case. */
export const keywordsOf = (text: string): string[] => [
  ...new Set(tellingWords(text).map(({ word }) => word.toLowerCase())),
];

function tellingWords(text: string): { word: string; index: number }[] {
  return [...words.segment(text)]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment, index }) => ({ word: segment.replace(/['’].*$/, ''), index }))
    .filter(({ word }) => {
      const shortest = LATIN.test(word) ? 3 : 2;
      return word.length >= shortest && /\p{L}/u.test(word) && !ORDINARY.has(word.toLowerCase());
    });
}

/** What a sentence is about mostly stands at its end, with its adjective before it. */
function topicOf(text: string): string {
  const telling = tellingWords(text);
  const [before, last] = telling.slice(-2);
  if (last !== undefined && before !== undefined && last.index === before.index + before.word.length + 1) {
    return `${before.word} ${last.word}`;
  }
  const only = last ?? before;
  if (only !== undefined && LATIN.test(only.word)) return only.word;
  // Elsewhere we cannot tell which word carries the meaning, but particles and endings are short.
  if (only !== undefined)
    return telling.reduce((longest, next) => (next.word.length > longest.word.length ? next : longest)).word;
  const flat = text
    .replace(/["“”]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[.!?]+$/, '');
  const quote = [...graphemes.segment(flat)]
    .slice(0, MAX_QUOTE_GRAPHEMES)
    .map(({ segment }) => segment)
    .join('');
  return quote === flat ? flat : `${quote.trimEnd()}…`;
}
