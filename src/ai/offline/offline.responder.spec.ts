import * as fc from 'fast-check';
import { AiSettings } from '../ai.settings.js';
import type { Prompt, PromptCharacter, ReplyChunk } from '../ai.types.js';
import { PromptBuilder } from '../prompt/prompt-builder.service.js';
import { TokenCounter } from '../tokens/token-counter.service.js';
import { sentencesOf } from './character.voice.js';
import { OfflineResponder } from './offline.responder.js';
import { OFFLINE_NOTICES } from './phrases.js';
import { composeReply } from './reply.composer.js';
import { spokenPieces } from './spoken.pieces.js';

const counter = new TokenCounter();
const builder = new PromptBuilder(new AiSettings(), counter);
const responderWith = (offlineDelayMs: number): OfflineResponder =>
  new OfflineResponder(Object.assign(new AiSettings(), { offlineDelayMs }), counter);

const mira: PromptCharacter = {
  name: 'Mira Vell',
  description:
    'Mira Vell keeps the northern lighthouse alone. She carries a brass lantern and a notebook of storms.',
  personality: 'warm, dry',
  scenario: '{{user}} has just knocked at the lighthouse door.',
  systemPrompt: '',
  postHistoryInstructions: '',
  firstMessage: 'Get in before the wind takes you, {{user}}!',
  exampleDialogue: '<START>\n{{user}}: Are you ever lonely?\n{{char}}: The lamp is company enough.',
};
const blank: PromptCharacter = {
  name: 'Zed',
  description: '',
  personality: '',
  scenario: '',
  systemPrompt: '',
  postHistoryInstructions: '',
  firstMessage: '',
  exampleDialogue: '',
};

/** The prompt after the user's and the character's turns, beginning with the greeting. */
function promptOf(texts: string[], character = mira, userName = 'Ada'): Prompt {
  const history = [character.firstMessage.replace('{{user}}', userName), ...texts].map((text, index) => ({
    role: index % 2 === 0 ? ('character' as const) : ('user' as const),
    text,
    seq: index + 1,
  }));
  return builder.build({ character, userName, history });
}

async function collect(stream: AsyncIterable<ReplyChunk>): Promise<{ text: string; chunks: ReplyChunk[] }> {
  const chunks: ReplyChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { chunks, text: chunks.map((chunk) => (chunk.type === 'delta' ? chunk.text : '')).join('') };
}

const told = (reply: string): boolean => OFFLINE_NOTICES.some((notice) => reply.includes(notice));

describe('what the offline responder says', () => {
  it('answers what was said, not lore that is put into somebody’s mouth', () => {
    const entry = {
      ...{ keys: [], content: '@@depth 0\n@@role user\nTell me about the xylophone.', extensions: {} },
      ...{ enabled: true, insertion_order: 0, use_regex: false, constant: true },
    };
    const withLore = { ...mira, lorebook: { extensions: {}, entries: [entry] } };
    const said = (prompt: Prompt): string =>
      Array.from({ length: 20 }, (_, seed) => composeReply(prompt, seed)).join();
    expect(said(promptOf(['Tell me about the xylophone.']))).toContain('xylophone');
    expect(said(promptOf(['Tell me about the harbour.'], withLore))).not.toContain('xylophone');
  });

  it('greets back by name and says once that it is offline', () => {
    const first = composeReply(promptOf(['Hello!']));
    expect(first).toContain('Ada');
    expect(told(first)).toBe(true);
    expect(told(composeReply(promptOf(['Hello!', first, 'Nice light.'])))).toBe(false);
  });

  it('answers from an example dialogue that the message calls up', () => {
    expect(composeReply(promptOf(['Is it not lonely up here?']))).toContain('The lamp is company enough.');
  });

  it('speaks of itself in the first person, and names itself when asked', () => {
    const reply = composeReply(promptOf(['Who are you?']));
    expect(reply).toContain('Mira Vell');
    expect(reply).toContain('I keep the northern lighthouse alone.');
  });

  it('tells where they are from the scenario', () => {
    expect(composeReply(promptOf(['Where are we?']))).toContain(
      'Ada has just knocked at the lighthouse door.',
    );
  });

  it('takes up what the message is about, and treats a question and a statement differently', () => {
    const question = composeReply(promptOf(['Do you believe in ghosts?']));
    const statement = composeReply(promptOf(['I believe in ghosts.']));
    expect(question).toContain('“ghosts”');
    expect(statement).toContain('“ghosts”');
    expect(question).not.toBe(statement);
  });

  it('says the same for the same prompt and seed, and something else for some other seed', () => {
    const prompt = promptOf(['Tell me about the storm.']);
    expect(composeReply(prompt, 7)).toBe(composeReply(promptOf(['Tell me about the storm.']), 7));
    const replies = new Set(Array.from({ length: 8 }, (_, seed) => composeReply(prompt, seed)));
    expect(replies.size).toBeGreaterThan(3);
  });

  it('has something to say with an empty card, no name and no words', () => {
    for (const message of ['', '🎉🎉', 'ok', '日本語は話せますか？', '   ', '“”']) {
      const reply = composeReply(promptOf(['Hi', 'Hello.', message], blank, ''));
      expect(reply.length).toBeGreaterThan(15);
      expect(reply).not.toMatch(/undefined|, ,|“”/);
    }
  });

  it('stays within two to four sentences and never repeats the greeting, whatever is said', () => {
    const message = fc.oneof(
      fc.lorem({ maxCount: 15 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom('Hello, are you lonely?', 'thanks!', 'How are you?', 'Good night', 'Can you sing?'),
    );
    fc.assert(
      fc.property(message, fc.integer(), fc.constantFrom(mira, blank), (text, seed, character) => {
        const reply = composeReply(promptOf([text], character), seed);
        // What the user wrote may hold sentence ends of its own; it is quoted as one thing.
        const sentences = sentencesOf(reply.replace(/“[^”]*”/g, 'that').replaceAll('*', '')).length;
        expect(sentences).toBeGreaterThanOrEqual(2);
        expect(sentences).toBeLessThanOrEqual(4);
        expect(reply).not.toContain('Get in before the wind takes you, Ada!');
      }),
    );
  });
});

describe('how the offline responder streams', () => {
  const signal = (): AbortSignal => new AbortController().signal;

  it('gives the reply piece by piece and then one end', async () => {
    const prompt = promptOf(['Hello!']);
    const { chunks, text } = await collect(responderWith(0).stream({ prompt, signal: signal() }));
    expect(text).toBe(composeReply(prompt));
    expect(chunks.length).toBeGreaterThan(10);
    expect(chunks.filter(({ type }) => type === 'end')).toHaveLength(1);
    expect(chunks.at(-1)).toMatchObject({ type: 'end', finishReason: 'stop' });
  });

  it('stops at maxTokens and says so', async () => {
    const prompt = promptOf(['Hello!']);
    const { chunks, text } = await collect(
      responderWith(0).stream({ prompt, maxTokens: 6, signal: signal() }),
    );
    expect(composeReply(prompt).startsWith(text)).toBe(true);
    expect(counter.count(text)).toBeLessThanOrEqual(6);
    expect(chunks.at(-1)).toMatchObject({ type: 'end', finishReason: 'length' });
  });

  it('ends with the signal’s reason before another piece is said', async () => {
    const stop = new AbortController();
    const said: string[] = [];
    const reading = (async () => {
      for await (const chunk of responderWith(1).stream({
        prompt: promptOf(['Hello!']),
        signal: stop.signal,
      })) {
        if (chunk.type === 'delta') said.push(chunk.text);
        if (said.length === 3) stop.abort(new Error('the reader left'));
      }
    })();
    await expect(reading).rejects.toThrow('the reader left');
    expect(said).toHaveLength(3);
  });

  it('does not wait out its pause when it is stopped', async () => {
    const stop = new AbortController();
    const reading = collect(
      responderWith(600_000).stream({ prompt: promptOf(['Hello!']), signal: stop.signal }),
    );
    stop.abort(new Error('the reader left'));
    await expect(reading).rejects.toThrow('the reader left');
  });

  it('loses nothing and tears no character apart, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const pieces = [...spokenPieces(text)];
        expect(pieces.join('')).toBe(text);
        for (const piece of pieces) expect(piece).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});
