import * as fc from 'fast-check';
import type { LorebookEntry } from '../../characters/cards/card.types.js';
import { AiSettings } from '../ai.settings.js';
import type { PromptCharacter, PromptHistoryMessage, PromptInput } from '../ai.types.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { PromptBuilder } from './prompt-builder.service.js';

const counter = new TokenCounter();
const builderFor = (settings: Partial<AiSettings> = {}): PromptBuilder =>
  new PromptBuilder(Object.assign(new AiSettings(), settings), counter);

let nextId = 0;
const entry = (content: string, more: Partial<LorebookEntry> = {}): LorebookEntry => ({
  id: ++nextId,
  keys: ['tower'],
  content,
  extensions: {},
  enabled: true,
  insertion_order: nextId,
  use_regex: false,
  ...more,
});
const mira = (entries: LorebookEntry[] = [], book: object = {}): PromptCharacter => ({
  name: 'Miranda of the Light',
  nickname: 'Mira',
  description: '{{char}} keeps the light.',
  personality: 'dry',
  scenario: '{{user}} knocks.',
  systemPrompt: 'Be {{char}}.',
  postHistoryInstructions: 'One line.',
  firstMessage: 'Come in, {{user}}.',
  alternateGreetings: ['Who is there?'],
  exampleDialogue: '',
  lorebook: { extensions: {}, ...book, entries },
});
const talk: PromptHistoryMessage[] = [
  { role: 'character', text: 'Come in, Ada.', seq: 1 },
  { role: 'user', text: 'What a tower.', seq: 2 },
  { role: 'character', text: 'It leans.', seq: 3 },
  { role: 'user', text: 'Why?', seq: 4 },
];
const build = (character: PromptCharacter, more: Partial<PromptInput> = {}, settings?: Partial<AiSettings>) =>
  builderFor(settings).build({ character, userName: 'Ada', history: talk, ...more });
const outline = (...given: Parameters<typeof build>): string[] =>
  build(...given).messages.map(({ role, source, content }) => `${role} ${source}: ${content}`);

beforeEach(() => {
  nextId = 0;
});

describe('lore in a prompt', () => {
  it('stands where its position and its decorators say, whatever took its tokens first', () => {
    const entries = [
      entry('After the character, second.', { insertion_order: 20 }),
      entry('After the character, first, of {{char}} and {{user}}.', { insertion_order: 10, priority: -1 }),
      entry('Before the character.', { position: 'before_char' }),
      entry('@@depth 0\n@@role assistant\nBehind the newest message.'),
      entry('@@depth 1\nBefore the newest message.'),
      entry('@@depth 99\n@@role user\nBefore the oldest message.'),
      entry('@@position after_desc\n@@depth 1\nAfter the description.'),
      entry('@@position scenario\nIn the scene.'),
      entry('@@position nowhere\n@@@depth 2\nTwo messages up.'),
    ];
    expect(outline(mira(entries))).toEqual([
      'system system: Be Mira.',
      'system lore: Before the character.',
      'system character: About Mira:\nMira keeps the light.',
      'system lore: After the description.',
      'system character: Mira’s personality: dry\n\nThe scene: Ada knocks.',
      'system lore: In the scene.',
      'system lore: After the character, first, of Mira and Ada.',
      'system lore: After the character, second.',
      'user lore: Before the oldest message.',
      'assistant greeting: Come in, Ada.',
      'user history: What a tower.',
      'system lore: Two messages up.',
      'assistant history: It leans.',
      'system lore: Before the newest message.',
      'user message: Why?',
      'assistant lore: Behind the newest message.',
      'system postHistory: One line.',
    ]);
  });

  it('is not placed in a part that the card does not have', () => {
    const card = { ...mira([entry('@@position scenario\nx', { position: 'before_char' })]), scenario: '' };
    expect(outline(card).slice(0, 2)).toEqual(['system system: Be Mira.', 'system lore: x']);
  });

  it('says of each entry why it is in or out, and of each piece left out for what reason', () => {
    const entries = [
      entry('Always.', { keys: [], constant: true }),
      entry('Of the sea.', { keys: ['sea'] }),
      entry('A pattern.', { keys: ['/(?<=a)b/'], use_regex: true }),
      entry('The most important. '.repeat(3), { priority: 9 }),
      entry('Less important. '.repeat(30)),
      entry('Found in lore.', { keys: ['important'] }),
    ];
    const { lore, dropped, segments } = build(mira(entries, { token_budget: 60, recursive_scanning: true }));
    expect(lore).toEqual([
      { entryId: '1', fired: true, reason: 'constant' },
      { entryId: '2', fired: false, reason: 'no-key' },
      { entryId: '3', fired: false, reason: 'pattern-refused', key: '/(?<=a)b/' },
      { entryId: '4', fired: true, reason: 'key', key: 'tower' },
      { entryId: '5', fired: true, reason: 'key', key: 'tower' },
      { entryId: '6', fired: true, reason: 'recursion', key: 'important' },
    ]);
    expect(dropped).toEqual([{ source: 'lore', entryId: '5', tokens: 94, reason: 'token-budget' }]);
    expect(segments.flatMap(({ entryId }) => entryId ?? [])).toEqual(['1', '4', '6']);
  });

  it('knows with which greeting the conversation began', () => {
    const entries = ['0', '1'].map((index) =>
      entry(`@@is_greeting ${index}\nGreeting ${index}.`, { constant: true }),
    );
    const began = (text: string, hasEarlier = false): string[] =>
      build(mira(entries), { history: [{ role: 'character', text, seq: 1 }, ...talk.slice(1)], hasEarlier })
        .lore.filter(({ fired }) => fired)
        .map(({ entryId }) => entryId);
    expect(began('Come in, Ada.')).toEqual(['1']);
    expect(began('Who is there?')).toEqual(['2']);
    expect(began('Something else.')).toEqual(['1', '2']);
    expect(began('Come in, Ada.', true)).toEqual(['1', '2']);
  });

  it('expands nothing that somebody said, and lets {{comment}} and hidden keys in no prompt', () => {
    const entries = [
      entry('{{// mine}}The {{hidden_key:gull}}tower.'),
      entry('Of gulls.', { keys: ['gull'] }),
      entry('{{comment: only this}}'),
    ];
    const prompt = build(mira(entries, { recursive_scanning: true }), {
      history: [...talk, { role: 'user', text: 'A {{char}}?', seq: 5 }],
    });
    const texts = prompt.messages.map(({ content }) => content);
    expect(texts).toContain('The tower.');
    expect(texts).toContain('Of gulls.');
    expect(texts).toContain('A {{char}}?');
    expect(texts.join()).not.toMatch(/mine|hidden|only this/);
  });
});

describe('a summary in a prompt', () => {
  const summary = { text: 'They met in a storm.', coversThroughSeq: 2 };

  it('stands before what is left of the conversation', () => {
    const prompt = build(mira(), { hasEarlier: true, summary, history: talk.slice(1) });
    expect(prompt.messages.slice(2, 4).map(({ source, content }) => `${source}: ${content}`)).toEqual([
      'summary: What was said before, in short:\nThey met in a storm.',
      'history: What a tower.',
    ]);
    expect(prompt.coversFromSeq).toBe(2);
  });

  it('is not needed where the whole conversation is there', () => {
    expect(build(mira(), { summary }).dropped).toEqual([
      { source: 'summary', tokens: expect.any(Number) as number, reason: 'not-needed' },
    ]);
  });

  it('comes before the older history, and goes before the newest', () => {
    const long = Array.from({ length: 60 }, (_, index) => ({
      role: index % 2 === 0 ? ('character' as const) : ('user' as const),
      text: `turn ${index} ${'word '.repeat(20)}`,
      seq: index + 1,
    }));
    const kept = (text: string) => {
      const { segments } = build(
        mira(),
        { history: long, summary: { ...summary, text } },
        { contextWindow: 1_000, maxTokens: 100 },
      );
      return segments
        .filter(({ source }) => source === 'summary' || source === 'history')
        .map(({ source }) => source);
    };
    expect(kept('short')[0]).toBe('summary');
    expect(kept('short').length).toBeGreaterThan(10);
    const tooLong = kept('long '.repeat(700));
    expect(tooLong).not.toContain('summary');
    expect(tooLong.length).toBeGreaterThan(10);
  });
});

describe('the window of a prompt', () => {
  it('is the model’s, counted as its family does', () => {
    const settings = {
      baseUrl: 'http://127.0.0.1:9/v1',
      model: 'gpt-4o',
      models: ['mistral'],
      maxTokens: 100,
      contextWindow: 4_000,
      contextWindows: ['mistral=2000'],
    };
    const hindi = [{ role: 'user' as const, text: 'आज मौसम कैसा है और हम कहाँ जाएँगे?', seq: 1 }];
    const asked = (model?: string) => build(mira(), { history: hindi, model }, settings);
    expect(asked().budget).toMatchObject({ window: 4_000, reserved: 180 });
    expect(asked('mistral').budget).toMatchObject({ window: 2_000, reserved: 500 });
    expect(asked().promptTokens).toBeLessThan(asked('mistral').promptTokens);
  });
});

describe('any prompt', () => {
  const anyEntry = fc.record({
    keys: fc.array(fc.constantFrom('tower', 'why', 'sea'), { maxLength: 2 }),
    head: fc.constantFrom(
      '',
      '@@depth 0\n',
      '@@depth 2\n@@role user\n',
      '@@position scenario\n',
      '@@ignore_on_max_context\n',
    ),
    content: fc.lorem({ maxCount: 30 }),
    constant: fc.boolean(),
    priority: fc.integer({ min: 0, max: 3 }),
    insertion_order: fc.integer({ min: 0, max: 3 }),
    position: fc.constantFrom('before_char' as const, 'after_char' as const),
  });
  const anything = fc.record({
    entries: fc.array(anyEntry, { maxLength: 8 }),
    token_budget: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
    recursive_scanning: fc.boolean(),
    texts: fc.array(fc.lorem({ maxCount: 40 }), { maxLength: 20 }),
    summary: fc.option(fc.lorem({ maxCount: 40 }), { nil: undefined }),
    hasEarlier: fc.boolean(),
    contextWindow: fc.integer({ min: 512, max: 1_500 }),
    seed: fc.integer({ min: 0, max: 5 }),
  });

  it('adds up within the window, accounts for every piece, keeps the order of what was said, and is the same again', () => {
    fc.assert(
      fc.property(
        anything,
        ({ entries, texts, summary, contextWindow, token_budget, recursive_scanning, ...more }) => {
          const book = { recursive_scanning, ...(token_budget === undefined ? {} : { token_budget }) };
          const lorebook = entries.map(({ head, content, ...each }, id) =>
            entry(head + content, { ...each, id }),
          );
          const said = [...texts, 'Why is the tower?'].map((text, index, all) => ({
            role: (all.length - index) % 2 === 0 ? ('character' as const) : ('user' as const),
            text,
            seq: index + 1,
          }));
          const input = {
            history: said,
            ...(summary === undefined ? {} : { summary: { text: summary, coversThroughSeq: 0 } }),
            ...more,
          };
          const card = {
            ...mira(lorebook, book),
            exampleDialogue: '<START>\n{{user}}: Fish?\n{{char}}: More fish.',
          };
          const made = () => build(card, input, { contextWindow, maxTokens: 64 });
          const prompt = made();
          expect(made()).toEqual(prompt);
          const { used, window, reserved } = prompt.budget;
          expect(used).toBeLessThanOrEqual(window - reserved);
          expect(prompt.segments.reduce((sum, { tokens }) => sum + tokens, 3)).toBe(used);
          const seqs = prompt.segments.flatMap(({ messageSeq }) => messageSeq ?? []);
          expect(seqs).toEqual(said.slice(said.length - seqs.length).map(({ seq }) => seq));
          const pieces = [...prompt.segments, ...prompt.dropped];
          expect(pieces.flatMap(({ messageSeq }) => messageSeq ?? []).toSorted((a, b) => a - b)).toEqual(
            said.map(({ seq }) => seq),
          );
          const fired = prompt.lore.flatMap(({ fired: does, entryId }) => (does ? [entryId] : []));
          expect(pieces.flatMap(({ entryId }) => entryId ?? []).toSorted()).toEqual(fired.toSorted());
          const lore = prompt.segments.filter(({ source }) => source === 'lore');
          expect(lore.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(
            token_budget ?? Infinity,
          );
          expect(prompt.messages.at(-1)?.source).toBe('postHistory');
          expect(prompt.messages.map(({ content }) => content).join('\n')).not.toContain('@@');
        },
      ),
      { numRuns: 60 },
    );
  });
});
