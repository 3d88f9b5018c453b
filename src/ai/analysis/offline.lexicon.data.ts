/** Words of feeling, 1 to 3 by strength. Small on purpose: it is meant to be right where it speaks at all. */
const words = (weight: number, text: string): [string, number][] =>
  text.split(/\s+/).map((word) => [word, weight]);

export const FEELING_WORDS: ReadonlyMap<string, number> = new Map([
  ...words(
    3,
    'love loved adore amazing awesome brilliant excellent fantastic incredible perfect superb wonderful delighted ' +
      'thrilled ecstatic magnificent',
  ),
  ...words(
    2,
    'great good happy glad nice beautiful lovely enjoy enjoyed fun funny proud excited grateful thankful sweet kind ' +
      'pleased cheerful best charming cosy cozy impressive hopeful warm yay hooray',
  ),
  ...words(
    1,
    'like liked fine ok okay cool better calm interesting thanks thank useful helpful pleasant relaxed safe welcome ' +
      'easy smile smiled fair decent',
  ),
  ...words(
    -3,
    'hate hated awful terrible horrible disgusting worst furious miserable devastated heartbroken despair nightmare ' +
      'unbearable hopeless worthless',
  ),
  ...words(
    -2,
    'bad sad angry upset afraid scared lonely hurt hurts cry crying pain painful annoyed annoying anxious stressed ' +
      'depressed disappointed disappointing ugly stupid wrong broken fail failed lost sick unhappy rude cruel mad',
  ),
  ...words(
    -1,
    'tired bored boring worried nervous slow confusing confused hard difficult problem issue sorry miss missed ' +
      'strange weird cold meh unsure late',
  ),
]);

export const FEELING_SIGNS: readonly [sign: RegExp, weight: number][] = [
  [/[😀😃😄😁😆😊🙂😍🥰😘🤗🎉❤💕👍]|(?:^|\s)[:;]-?[)D]/gu, 2],
  [/[😢😭😞😔😟🙁☹😠😡💔👎😰]|(?:^|\s):'?-?[(]/gu, -2],
];

export const NEGATIONS: ReadonlySet<string> = new Set(
  'not no never without hardly barely nothing nobody none cannot'.split(' '),
);
export const STRENGTHENING: ReadonlyMap<string, number> = new Map([
  ...words(1.4, 'very really so extremely incredibly totally absolutely too'),
  ...words(0.6, 'slightly somewhat rather fairly kinda little bit'),
]);

interface SafetyRule {
  category: 'self-harm' | 'violence' | 'sexual' | 'harassment' | 'illegal-acts';
  pattern: RegExp;
  /** At most 0.8: words are not deeds, and most who use them tell a story. */
  score: number;
}

export const SAFETY_RULES: readonly SafetyRule[] = [
  {
    category: 'self-harm',
    pattern:
      /\b(?:kill(?:ing)? myself|end (?:my life|it all)|suicid\w*|self[- ]harm\w*|cut(?:ting)? myself)\b/i,
    score: 0.8,
  },
  {
    category: 'self-harm',
    pattern: /\b(?:want to die|don(?:'|’)?t want to (?:live|be here)|no reason to live)\b/i,
    score: 0.7,
  },
  {
    category: 'violence',
    pattern:
      /\b(?:i(?:(?:'|’)?ll| will| want to| am going to|(?:'|’)?m going to)|let(?:'|’)?s) (?:kill|murder|stab|shoot|strangle|hurt|beat)\b/i,
    score: 0.7,
  },
  { category: 'violence', pattern: /\b(?:massacre|bomb|slaughter|torture)\w*\b/i, score: 0.4 },
  {
    category: 'sexual',
    pattern: /\b(?:sex|naked|nude|nudes|porn\w*|orgasm\w*|horny|erotic\w*)\b/i,
    score: 0.5,
  },
  {
    category: 'harassment',
    pattern:
      /\byou(?:(?:'|’)re| are)? (?:an? |such an? |so )?(?:idiot|stupid|worthless|disgusting|pathetic|moron|ugly|trash)\b/i,
    score: 0.6,
  },
  { category: 'harassment', pattern: /\b(?:shut up|go to hell|nobody likes you)\b/i, score: 0.5 },
  {
    category: 'illegal-acts',
    pattern:
      /\bhow (?:do i|can i|to) (?:make|build|buy|sell|get) (?:a |an |some )?(?:bomb|explosives?|cocaine|heroin|meth|gun)\b/i,
    score: 0.7,
  },
];
