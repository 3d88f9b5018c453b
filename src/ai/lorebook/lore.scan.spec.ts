import * as fc from 'fast-check';
import type { LorebookEntry } from '../../characters/cards/card.types.js';
import { scanLore, type LoreScanInput } from './lore.scan.js';

type Said = LoreScanInput['messages'];
const said = (...texts: string[]): Said =>
  texts.map((text, index) => ({ role: index % 2 === 0 ? ('character' as const) : ('user' as const), text }));

const entry = (more: Partial<LorebookEntry>): LorebookEntry => ({
  keys: [],
  content: 'Something.',
  extensions: {},
  enabled: true,
  insertion_order: 0,
  use_regex: false,
  ...more,
});

const scan = (
  entries: Partial<LorebookEntry>[],
  messages: Said,
  { book = {}, ...more }: Partial<Omit<LoreScanInput, 'book'>> & { book?: object } = {},
) =>
  scanLore({
    book: { extensions: {}, ...book, entries: entries.map(entry) },
    messages,
    whole: true,
    seed: 1,
    expand: (text) => text.replaceAll('{{char}}', 'Mira'),
    ...more,
  });
const reasonOf = (...given: Parameters<typeof scan>): string | undefined =>
  scan(...given)
    .findings.map(({ reason }) => reason)
    .join(' ');

describe('scanLore', () => {
  const talk = said('Welcome, I am Mira.', 'Is that the old Tower?', 'It is.', 'Who built it?');

  it('fires on a key in the newest messages, and says which', () => {
    const { findings, fired } = scan([{ id: 7, keys: ['ship', 'tower'] }], talk);
    expect(findings).toEqual([{ entryId: '7', fired: true, reason: 'key', key: 'tower' }]);
    expect(fired.map(({ text }) => text)).toEqual(['Something.']);
  });

  it.each<[string, Partial<LorebookEntry>, object | undefined]>([
    ['no-key', { keys: ['sea'] }, undefined],
    ['no-key', { keys: [''] }, undefined],
    ['no-key', { keys: ['tower'], case_sensitive: true }, undefined],
    ['key', { keys: ['Tower'], case_sensitive: true }, undefined],
    ['no-key', { keys: ['tow'], extensions: { match_whole_words: true } }, undefined],
    ['key', { keys: ['tow'] }, undefined],
    ['key', { keys: ['{{char}}'] }, undefined],
    ['no-key', { keys: ['tower'] }, { scan_depth: 2 }],
    ['no-key', { keys: ['tower'] }, { scan_depth: 0 }],
    ['key', { keys: ['tower'], content: '@@scan_depth 3\nx' }, { scan_depth: 2 }],
    ['disabled', { keys: ['tower'], enabled: false, constant: true }, undefined],
    ['empty', { keys: ['tower'], content: '@@depth 1\n' }, undefined],
    ['constant', { constant: true }, undefined],
    ['no-key', { constant: true, use_regex: true }, undefined],
    ['key', { keys: ['/old\\s+T/'], use_regex: true }, undefined],
    ['pattern-refused', { keys: ['/old/', '/(?=x)/'], use_regex: true }, undefined],
    ['no-secondary-key', { keys: ['tower'], selective: true, secondary_keys: ['sea'] }, undefined],
    ['key', { keys: ['tower'], selective: true, secondary_keys: ['sea', 'BUILT'] }, undefined],
    ['key', { keys: ['tower'], secondary_keys: ['sea'] }, undefined],
    ['key', { keys: ['tower'], selective: true }, undefined],
    ['activated', { content: '@@activate\n@@dont_activate\nx' }, undefined],
    ['deactivated', { constant: true, content: '@@dont_activate\nx' }, undefined],
    ['excluded-key', { constant: true, content: '@@exclude_keys sea, built\nx' }, undefined],
    ['no-additional-key', { constant: true, content: '@@additional_keys sea\nx' }, undefined],
    ['key', { keys: ['sea'], use_regex: true, content: '@@additional_keys bu.lt\nx' }, undefined],
    ['too-early', { constant: true, content: '@@activate_only_after 3\nx' }, undefined],
    ['constant', { constant: true, content: '@@activate_only_after 2\nx' }, undefined],
    ['not-this-turn', { constant: true, content: '@@activate_only_every 3\nx' }, undefined],
    ['constant', { constant: true, content: '@@activate_only_every 2\nx' }, undefined],
    ['probability', { constant: true, extensions: { probability: 0 } }, undefined],
    ['constant', { constant: true, extensions: { probability: 0, useProbability: false } }, undefined],
    [
      'constant',
      { constant: true, content: '@@probability 100\nx', extensions: { probability: 0 } },
      undefined,
    ],
  ])('%s: %j %j', (reason, one, book) => {
    expect(reasonOf([one], talk, { book })).toBe(reason);
  });

  it('knows the greeting, and lets what it does not know pass', () => {
    const one = [{ constant: true, content: '@@is_greeting 1\nx' }];
    expect(reasonOf(one, talk, { greeting: 0 })).toBe('other-greeting');
    expect(reasonOf(one, talk, { greeting: 1 })).toBe('constant');
    expect(reasonOf(one, talk)).toBe('constant');
    const every = [{ constant: true, content: '@@activate_only_every 3\nx' }];
    expect(reasonOf(every, talk, { whole: false })).toBe('constant');
  });

  it('draws by the seed, as often as it should', () => {
    const drawn = (seed: number): boolean =>
      scan([{ id: 'x', constant: true, content: '@@probability 30\nx' }], talk, { seed }).fired.length > 0;
    const all = Array.from({ length: 1_000 }, (_, seed) => drawn(seed));
    expect(all.map((_, seed) => drawn(seed))).toEqual(all);
    const share = all.filter(Boolean).length / all.length;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
  });

  describe('what fired is searched for more', () => {
    const chain = Array.from({ length: 9 }, (_, index) => ({
      keys: [index === 0 ? 'tower' : `link${index}`],
      content: `See link${index + 1}.`,
    }));

    it('only where the book says so, and in no endless chain', () => {
      expect(scan(chain, talk).fired).toHaveLength(1);
      const { fired, findings } = scan(chain, talk, { book: { recursive_scanning: true } });
      expect(fired).toHaveLength(6);
      expect(findings[1]).toEqual({ entryId: '1', fired: true, reason: 'recursion', key: 'link1' });
    });

    it('in circles, too, each once', () => {
      const circle = [
        { keys: ['tower', 'beta'], content: 'alpha' },
        { keys: ['alpha'], content: 'beta' },
      ];
      expect(scan(circle, talk, { book: { recursive_scanning: true } }).fired).toHaveLength(2);
    });

    it('whatever stands first in the book', () => {
      const book = { recursive_scanning: true };
      const forth = scan(chain, talk, { book }).fired.map(({ text }) => text);
      const back = scan(chain.toReversed(), talk, { book }).fired.map(({ text }) => text);
      expect(back.toSorted()).toEqual(forth.toSorted());
    });

    it('but an excluded key counts only in what was said', () => {
      const entries = [
        { keys: ['tower'], content: 'the sea' },
        { keys: ['built'], content: '@@exclude_keys sea\nx' },
      ];
      expect(scan(entries, talk, { book: { recursive_scanning: true } }).fired).toHaveLength(2);
    });
  });

  it('gives the most important first: constant ones, then by priority, then by insertion order', () => {
    const entries = [
      { id: 'late', keys: ['tower'], insertion_order: 5 },
      { id: 'high', keys: ['tower'], insertion_order: 9, priority: 10 },
      { id: 'early', keys: ['tower'], insertion_order: 1 },
      { id: 'always', constant: true, insertion_order: 50, priority: -1 },
    ];
    const { fired, findings } = scan(entries, talk);
    expect(fired.map(({ id }) => id)).toEqual(['always', 'high', 'early', 'late']);
    expect(findings.map(({ entryId }) => entryId)).toEqual(['late', 'high', 'early', 'always']);
  });

  it('looks a long way back only so far', () => {
    const long = said('tower', 'x'.repeat(20_000));
    expect(reasonOf([{ keys: ['tower'] }], long)).toBe('no-key');
  });

  const CATASTROPHIC = [
    '(a+)+$',
    '(a|aa)+$',
    '(a|a?)+$',
    '(.*a){20}',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(?:a?){30}a{30}',
    '[ab]*a[ab]{140}c',
    '(?:a|b)*a(?:a|b){200}\\b$',
    '(.*)(.*)(.*)(.*)(.*)[0-9]{3}z',
    '[a-z]{1,290}q',
    '\\b(?:[a-z]+\\s?)+\\b!',
    '(\\pL*\\b){30}!',
    '(.|\\s)*tower',
    '((((((((((a*)*)*)*)*)*)*)*)*)*)*b',
    '(a?b?c?d?e?){40}!',
  ];
  let state = 7;
  const random = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x80000000;
  const ab = Array.from({ length: 16_384 }, () => (random() < 0.5 ? 'a' : 'b')).join('');

  it.each(['a'.repeat(16_384), ab, 'the quick brown fox '.repeat(800)])(
    'ends soon, whatever two thousand entries of patterns that make others hang look for (text %#)',
    (text) => {
      const entries = Array.from({ length: 2_000 }, (_, index) => ({
        keys: [`${CATASTROPHIC[index % CATASTROPHIC.length]}${index < 16 ? '' : index}`],
        use_regex: true,
        content: text.slice(0, 1_000),
      }));
      const before = process.cpuUsage();
      const { findings } = scan(entries, said('hello', text), { book: { recursive_scanning: true } });
      expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
      expect(findings).toHaveLength(2_000);
      expect(findings.some(({ reason }) => reason === 'too-many-searches')).toBe(true);
    },
  );

  it('has time for the keys of a large book', () => {
    const entries = Array.from({ length: 2_000 }, (_, index) => ({
      keys: ['one', 'two', 'three'].map((k) => `${k}${index}`),
    }));
    const text = 'word '.repeat(400);
    const { findings } = scan([...entries, { keys: ['tower'], priority: -5 }], said(text, 'the tower'));
    expect(findings.at(-1)).toMatchObject({ fired: true, key: 'tower' });
  });

  it('is the same every time, one finding for each entry, and what fired is what says so', () => {
    const anyEntry = fc.record({
      keys: fc.array(fc.constantFrom('a', 'b', 'c', 'ab', '', '(', 'a|b'), { maxLength: 3 }),
      content: fc.constantFrom(
        'a',
        'b c',
        '@@activate\nb',
        '@@exclude_keys a\nc',
        '@@depth 2\nab',
        '',
        '@@probability 50\na',
      ),
      use_regex: fc.boolean(),
      constant: fc.boolean(),
      enabled: fc.boolean(),
      priority: fc.integer({ min: 0, max: 2 }),
      insertion_order: fc.integer({ min: 0, max: 3 }),
    });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(anyEntry, { maxLength: 8 }),
        fc.array(text, { maxLength: 6 }),
        fc.boolean(),
        (entries, texts, recursive) => {
          const look = () => scan(entries, said(...texts), { book: { recursive_scanning: recursive } });
          const { fired, findings } = look();
          expect(look()).toEqual({ fired: expect.anything() as unknown, findings });
          expect(findings.map(({ entryId }) => entryId)).toEqual(entries.map((_, index) => String(index)));
          expect(new Set(fired.map(({ id }) => id))).toEqual(
            new Set(findings.filter((finding) => finding.fired).map(({ entryId }) => entryId)),
          );
          for (const { enabled, text: shown } of fired) {
            expect(enabled).toBe(true);
            expect(shown).not.toBe('');
          }
        },
      ),
    );
  });
});
