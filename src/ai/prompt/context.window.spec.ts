import * as fc from 'fast-check';
import { fillContext, type ContextCandidates, type ContextMessage } from './context.window.js';

const message = (
  source: ContextMessage['source'],
  tokens: number,
  more: Partial<ContextMessage> = {},
): ContextMessage => ({
  role: 'system',
  content: source,
  source,
  tokens,
  ...more,
});
const many = (source: ContextMessage['source'], ...tokens: number[]): ContextMessage[] =>
  tokens.map((each) => message(source, each));
const candidates = (more: Partial<ContextCandidates>): ContextCandidates => ({
  mandatory: [],
  history: [],
  lore: [],
  expendable: new Set(),
  examples: [],
  ...more,
});
const sum = (messages: Iterable<ContextMessage>): number =>
  [...messages].reduce((all, { tokens }) => all + tokens, 0);

describe('fillContext', () => {
  it('gives up examples first, then lore, then history, as the room shrinks around a short conversation', () => {
    const all = candidates({
      mandatory: many('system', 100),
      history: many('history', 15, 15, 15),
      lore: many('lore', 50, 50),
      examples: many('example', 40),
    });
    const left = (room: number): string =>
      [...fillContext(all, room).dropped.keys()].map(({ source }) => source).join(' ');
    expect(left(285)).toBe('');
    expect(left(284)).toBe('example');
    expect(left(245)).toBe('example');
    expect(left(244)).toBe('lore example');
    expect(left(195)).toBe('lore example');
    expect(left(194)).toBe('lore lore example');
    expect(left(145)).toBe('lore lore example');
    expect(left(144)).toBe('lore lore history example');
    expect(left(100)).toBe('lore lore history history history example');
  });

  it('lets lore have up to half of the room beside a long history', () => {
    const history = many('history', ...Array<number>(50).fill(20));
    const lore = many('lore', 60, 60);
    const { kept, dropped } = fillContext(candidates({ history, lore }), 300);
    expect(lore.every((each) => kept.has(each))).toBe(true);
    expect(history.slice(-9).every((each) => kept.has(each))).toBe(true);
    expect(dropped.size).toBe(41);
  });

  it('keeps lore within its own budget: the least important goes, and what is larger than all of it', () => {
    const lore = many('lore', 30, 200, 40, 40, 5);
    const { kept, dropped } = fillContext(candidates({ lore, loreTokens: 100 }), 1_000);
    expect(lore.map((each) => dropped.get(each) ?? kept.has(each))).toEqual([
      true,
      'token-budget',
      true,
      'token-budget',
      'token-budget',
    ]);
  });

  it('gives up expendable lore before any message, whatever its rank', () => {
    const lore = many('lore', 50, 50);
    const history = many('history', 20, 20, 20);
    const { dropped } = fillContext(
      candidates({ lore, history, expendable: new Set(lore.slice(0, 1)) }),
      120,
    );
    expect([...dropped]).toEqual([[lore[0], 'budget']]);
  });

  it('never begins a cut history with a tool’s result', () => {
    const history = [
      message('history', 50),
      message('history', 10, { toolResult: true }),
      ...many('history', 10, 10),
    ];
    const cut = fillContext(candidates({ history }), 40);
    expect(history.map((each) => cut.dropped.get(each))).toEqual([
      'budget',
      'dangling',
      undefined,
      undefined,
    ]);
    expect(cut.used).toBe(20);
    expect(fillContext(candidates({ history }), 80).dropped.size).toBe(0);
  });

  it('takes what is mandatory even where there is no room, and nothing else then', () => {
    const { used, kept } = fillContext(
      candidates({
        mandatory: many('system', 50),
        history: many('history', 1),
        examples: many('example', 0),
      }),
      20,
    );
    expect(used).toBe(50);
    expect([...kept].map(({ source }) => source)).toEqual(['system']);
  });

  const tokens = (max: number) => fc.array(fc.integer({ min: 1, max }), { maxLength: 12 });
  const anything = fc.record({
    mandatory: tokens(40),
    history: tokens(60),
    lore: fc.array(fc.record({ tokens: fc.integer({ min: 1, max: 60 }), expendable: fc.boolean() }), {
      maxLength: 8,
    }),
    loreTokens: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
    summary: fc.option(fc.integer({ min: 1, max: 80 }), { nil: undefined }),
    examples: tokens(60),
    room: fc.integer({ min: 0, max: 900 }),
  });

  it('holds for anything: never beyond the room, everything kept or accounted for, the order of giving up', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const lore = given.lore.map((each) => message('lore', each.tokens));
        const all = candidates({
          mandatory: many('system', ...given.mandatory),
          history: many('history', ...given.history),
          lore,
          expendable: new Set(lore.filter((_, index) => given.lore[index]?.expendable)),
          examples: many('example', ...given.examples),
          ...(given.loreTokens === undefined ? {} : { loreTokens: given.loreTokens }),
          ...(given.summary === undefined ? {} : { summary: message('summary', given.summary) }),
        });
        const { kept, dropped, used } = fillContext(all, given.room);
        const optional = [...all.history, ...lore, ...(all.summary ? [all.summary] : []), ...all.examples];
        for (const each of optional) expect(kept.has(each)).toBe(!dropped.has(each));
        expect(all.mandatory.every((each) => kept.has(each))).toBe(true);
        expect(used).toBe(sum(kept));
        expect(used).toBeLessThanOrEqual(Math.max(given.room, sum(all.mandatory)));
        const keptLore = lore.filter((each) => kept.has(each));
        expect(sum(keptLore)).toBeLessThanOrEqual(all.loreTokens ?? Infinity);
        const run = all.history.map((each) => kept.has(each));
        expect(run.lastIndexOf(false)).toBeLessThan(run.includes(true) ? run.indexOf(true) : run.length);
        const cutForRoom = [...dropped].some(
          ([each, reason]) => each.source !== 'example' && reason === 'budget',
        );
        if (cutForRoom) expect(all.examples.some((each) => kept.has(each))).toBe(false);
        // More room never costs a piece of the conversation.
        const roomier = fillContext(all, given.room + 1);
        const said = (filled: typeof roomier) => all.history.filter((each) => filled.kept.has(each)).length;
        if (lore.length === 0 && !all.summary)
          expect(said(roomier)).toBeGreaterThanOrEqual(run.filter(Boolean).length);
      }),
      { numRuns: 300 },
    );
  });
});
