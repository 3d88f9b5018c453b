import * as fc from 'fast-check';
import { AppError } from '../../platform/errors/app-error.js';
import { AiSettings } from '../ai.settings.js';
import type { PromptCharacter, PromptHistoryMessage, PromptInput } from '../ai.types.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { PromptBuilder } from './prompt-builder.service.js';

const counter = new TokenCounter();
const builderFor = (contextWindow: number, maxTokens = 64): PromptBuilder =>
  new PromptBuilder(Object.assign(new AiSettings(), { contextWindow, maxTokens }), counter);

const mira: PromptCharacter = {
  name: 'Mira',
  description: '{{char}} keeps the light.',
  personality: 'dry',
  scenario: '{{user}} knocks.',
  systemPrompt: '',
  postHistoryInstructions: 'Answer {{user}} in one line.',
  firstMessage: 'Come in, {{user}}.',
  exampleDialogue:
    '<START>\n{{user}}: Fish?\n{{char}}: More fish.\n<START>\n{{user}}: Gulls?\n{{char}}: Gossips.',
};
const turns = (...texts: string[]): PromptHistoryMessage[] =>
  texts.map((text, index) => ({ role: index % 2 === 0 ? 'character' : 'user', text, seq: index + 1 }));
const talk = turns('Come in, Ada.', 'Thank you.', 'Sit.', 'Who are you?');

function refusal(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('PromptBuilder', () => {
  it('puts everything in its place, with the instructions after history last', () => {
    const prompt = builderFor(8192).build({ character: mira, userName: 'Ada', history: talk });
    expect(prompt.messages.map(({ role, source }) => `${role}:${source}`)).toEqual([
      'system:system',
      'system:character',
      'system:example',
      'system:example',
      'assistant:greeting',
      'user:history',
      'assistant:history',
      'user:message',
      'system:postHistory',
    ]);
    expect(prompt.messages[1]?.content).toBe(
      'About Mira:\nMira keeps the light.\n\nMira’s personality: dry\n\nThe scene: Ada knocks.',
    );
    expect(prompt.messages[2]?.content).toContain('Ada: Fish?\nMira: More fish.');
    expect(prompt.messages.at(-1)?.content).toBe('Answer Ada in one line.');
    expect(prompt.dropped).toEqual([]);
    expect(prompt.segments.map(({ messageSeq }) => messageSeq).filter(Boolean)).toEqual([1, 2, 3, 4]);
  });

  it('uses the default instructions when the card has none, and puts them where the card says {{original}}', () => {
    const systemOf = (systemPrompt: string): string | undefined =>
      builderFor(8192).build({ character: { ...mira, systemPrompt }, userName: 'Ada', history: talk })
        .messages[0]?.content;
    const standard = systemOf('');
    expect(standard).toContain('You are Mira, talking with Ada.');
    expect(systemOf('Be brief, {{char}}.')).toBe('Be brief, Mira.');
    expect(systemOf('Be brief. {{original}}')).toBe(`Be brief. ${standard}`);
  });

  it('puts a caller’s instructions behind the character’s, as they are written', () => {
    const input = {
      character: mira,
      userName: 'Ada',
      history: talk,
      instructions: 'Roll {{roll:6}}, {{char}}.',
    };
    const [system] = builderFor(8192).build(input).messages;
    expect(system?.content).toMatch(/^You are Mira,.*\n\nRoll \{\{roll:6\}\}, \{\{char\}\}\.$/s);
  });

  it('never expands a macro that somebody said', () => {
    const history = turns('Come in.', 'I am {{char}} and <BOT>');
    const prompt = builderFor(8192).build({ character: mira, userName: 'Ada', history });
    expect(prompt.messages.find(({ source }) => source === 'message')?.content).toBe(
      'I am {{char}} and <BOT>',
    );
  });

  it('gives up examples before history, and history from its oldest end', () => {
    const history = turns(...Array.from({ length: 12 }, (_, i) => `turn ${i} ${'word '.repeat(30)}`));
    const sourcesIn = (window: number) =>
      builderFor(window).build({ character: mira, userName: 'Ada', history });
    const roomy = sourcesIn(2_000);
    expect(roomy.dropped).toEqual([]);
    const windows = Array.from({ length: 2_000 - 600 }, (_, i) => 2_000 - i);
    const tighter = windows.map(sourcesIn).find(({ dropped }) => dropped.length > 0);
    expect(tighter?.dropped.map(({ source }) => source)).toEqual(['example']);
    const tight = sourcesIn(600);
    const kept = tight.segments.map(({ messageSeq }) => messageSeq).filter((seq) => seq !== undefined);
    expect(tight.segments.some(({ source }) => source === 'example')).toBe(false);
    expect(kept.length).toBeGreaterThan(1);
    expect(kept.length).toBeLessThan(12);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 13 - kept.length + i));
  });

  it('keeps what follows the newest user message beside it', () => {
    const history = [
      ...turns('Come in.', 'Go on.'),
      { role: 'character' as const, text: 'Once upon', seq: 3 },
    ];
    const { messages } = builderFor(8192).build({ character: mira, userName: 'Ada', history });
    expect(messages.slice(-3).map(({ content }) => content)).toEqual([
      'Go on.',
      'Once upon',
      'Answer Ada in one line.',
    ]);
  });

  it('refuses what cannot fit, with the numbers', () => {
    const history = turns('Come in.', 'word '.repeat(900));
    const error = refusal(() => builderFor(1024, 100).build({ character: mira, userName: 'Ada', history }));
    expect(error).toMatchObject({ code: 'context-overflow', status: 422 });
    expect(error.members).toMatchObject({ window: 1024, reserved: 121, available: 903 });
    const { required, parts } = error.members as { required: number; parts: Record<string, number> };
    expect(required).toBeGreaterThan(903);
    expect(Object.keys(parts)).toEqual(['system', 'character', 'message', 'postHistory']);
  });

  it('refuses a reply longer than the window', () => {
    const input: PromptInput = { character: mira, userName: 'Ada', history: talk, maxTokens: 9_000 };
    expect(refusal(() => builderFor(8192).build(input)).members).toMatchObject({ available: 0 });
  });

  it('builds without any history, for a look at the prompt', () => {
    const { messages } = builderFor(8192).build({ character: mira, userName: 'Ada', history: [] });
    expect(messages.map(({ source }) => source)).toEqual([
      'system',
      'character',
      'example',
      'example',
      'postHistory',
    ]);
  });

  const message = fc.record({
    role: fc.constantFrom('user' as const, 'character' as const),
    text: fc.oneof(fc.lorem({ maxCount: 60 }), fc.string({ unit: 'grapheme', maxLength: 80 })),
  });
  const inputs = fc.record({
    history: fc.array(message, { minLength: 1, maxLength: 30 }),
    question: fc.lorem({ maxCount: 20 }),
    window: fc.integer({ min: 512, max: 3_000 }),
    maxTokens: fc.integer({ min: 1, max: 200 }),
    exampleDialogue: fc
      .array(fc.lorem({ maxCount: 30 }), { maxLength: 5 })
      .map((all) => all.join('\n<START>\n')),
  });

  it('holds for any conversation: within budget, newest message there, history an unbroken end, same every time', () => {
    fc.assert(
      fc.property(inputs, ({ history, question, window, maxTokens, exampleDialogue }) => {
        const all = [...history, { role: 'user' as const, text: question }].map((turn, seq) => ({
          ...turn,
          seq,
        }));
        const builder = builderFor(window, maxTokens);
        const input = { character: { ...mira, exampleDialogue }, userName: 'Ada', history: all };
        const prompt = builder.build(input);
        const { used, reserved } = prompt.budget;
        expect(used).toBeLessThanOrEqual(window - reserved);
        expect(reserved).toBeGreaterThanOrEqual(maxTokens + window * 0.02);
        expect(prompt.promptTokens).toBe(used);
        expect(prompt.segments.reduce((sum, { tokens }) => sum + tokens, 3)).toBe(used);
        expect(prompt.messages.find(({ source }) => source === 'message')?.content).toBe(question);
        const seqs = prompt.segments.map(({ messageSeq }) => messageSeq).filter((seq) => seq !== undefined);
        expect(seqs).toEqual(all.slice(all.length - seqs.length).map(({ seq }) => seq));
        expect(seqs.length + prompt.dropped.filter(({ source }) => source !== 'example').length).toBe(
          all.length,
        );
        const historyWasCut = prompt.dropped.some(({ source }) => source !== 'example');
        expect(historyWasCut && prompt.segments.some(({ source }) => source === 'example')).toBe(false);
        expect(builder.build(input)).toEqual(prompt);
      }),
      { numRuns: 150 },
    );
  });
});
