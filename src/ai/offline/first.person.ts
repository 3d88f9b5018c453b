const SAME_VERB =
  /^(?:was|can|could|will|would|must|should|may|might|did|had|kept|grew|came|left|lost|found|knew|fell|took|became|went|\w{3,}ed)$/i;
const IRREGULAR: Record<string, string> = {
  is: 'am',
  are: 'am',
  were: 'was',
  has: 'have',
  have: 'have',
  does: 'do',
  goes: 'go',
};
const ADVERB = /^(?:never|always|often|once|still|rarely|now|secretly|quietly|only|also)$/i;
/** What shows that the rest speaks of the character again, or of somebody else, in a way we cannot turn around. */
const BEYOND_US = /\b(?:he|she|they|them|himself|herself|themselves|hers|theirs|you)\b|["“”«»:;]/i;

/**
 * "Mira keeps the northern light." → "I keep the northern light."; undefined for every sentence that is not this
 * simple, because a wrong one reads worse than none.
 */
export function firstPerson(sentence: string, name: string): string | undefined {
  const text = sentence.replace(/\s+/g, ' ').trim();
  if (text.length < 8 || text.length > 160) return undefined;
  if (/^(?:I|I['’]\w+|My)\s/.test(text)) return ended(text);
  const subject = [name, name.split(' ')[0] ?? name, 'He', 'She', 'They', 'You']
    .filter((candidate) => candidate !== '')
    .find((candidate) => text.toLowerCase().startsWith(`${candidate.toLowerCase()} `));
  if (subject === undefined) return undefined;
  const [first = '', ...others] = text.slice(subject.length + 1).split(' ');
  const adverb = ADVERB.test(first) ? `${first} ` : '';
  const verb = adverb === '' ? first : (others.shift() ?? '');
  const turned = subject === 'You' && !(verb in IRREGULAR) ? bareVerb(verb) : ownVerb(verb);
  const rest = others.join(' ');
  if (turned === undefined || BEYOND_US.test(rest) || rest.toLowerCase().includes(name.toLowerCase()))
    return undefined;
  return ended(`I ${adverb}${turned} ${firstClause(ownThings(rest))}`.trim());
}

function ownVerb(verb: string): string | undefined {
  const lower = verb.toLowerCase();
  if (Object.hasOwn(IRREGULAR, lower)) return IRREGULAR[lower];
  if (SAME_VERB.test(lower)) return lower;
  if (/[a-z]{2,}ies$/.test(lower)) return `${lower.slice(0, -3)}y`;
  if (/(?:sh|ch|ss|x|zz)es$/.test(lower)) return lower.slice(0, -2);
  return /[a-z]{2,}[^suia']s$/.test(lower) ? lower.slice(0, -1) : undefined;
}

const bareVerb = (verb: string): string | undefined => (/^[a-z]+$/.test(verb) ? verb : undefined);

const ownThings = (rest: string): string =>
  rest
    .replace(/\b(?:his|their|your)\b/gi, 'my')
    .replace(/\bhim\b/gi, 'me')
    .replace(/\bher\b(?=\s+(?!(?:to|from|in|on|at|with|and|but|or|by|for|when|if|as|like)\b)[a-z])/gi, 'my')
    .replace(/\bher\b/gi, 'me');

/** Cut where a second verb of the third person may follow ("… and reads old letters"). */
const firstClause = (rest: string): string =>
  rest.replace(/,?\s+(?:and|but|or|then)\s+(?:\w+ly\s+)?\w*[^\s\Ws]s\b.*$/i, '');

const ended = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text.replace(/[,;:\s]+$/, '')}.`);
