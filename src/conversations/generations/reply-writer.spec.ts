import fc from 'fast-check';
import { ReplyWriter } from './reply-writer.js';

interface Delta {
  offset: number;
  text: string;
}

async function written(tokens: readonly string[], pause?: () => Promise<void>): Promise<Delta[]> {
  const deltas: Delta[] = [];
  const writer = new ReplyWriter(async (offset, text) => {
    await pause?.();
    deltas.push({ offset, text });
  });
  for (const token of tokens) {
    writer.say(token);
    await Promise.resolve();
  }
  writer.close();
  await writer.settled();
  return deltas;
}

describe('a reply writer', () => {
  it('emits deltas that join to what was said, each at the offset where the last one ended', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 700 }), { maxLength: 20 }),
        async (tokens) => {
          const deltas = await written(tokens, () => Promise.resolve());
          let said = '';
          for (const { offset, text } of deltas) {
            expect(offset).toBe(said.length);
            expect(text.length).toBeGreaterThan(0);
            expect(text.length).toBeLessThanOrEqual(1_024);
            said += text;
          }
          expect(said).toBe(tokens.join(''));
        },
      ),
    );
  });

  it('never ends a delta inside a surrogate pair, even when the model does', async () => {
    const [high, low] = ['🎈'[0] ?? '', '🎈'[1] ?? ''];
    const deltas = await written(['a', high, low, 'x'.repeat(1_100), high, low]);
    // What is not well-formed does not survive UTF-8.
    for (const { text } of deltas) expect(Buffer.from(text).toString()).toBe(text);
    expect(deltas.map(({ text }) => text).join('')).toBe(`a🎈${'x'.repeat(1_100)}🎈`);
  });

  it('emits the first words at once and gathers the following ones', async () => {
    jest.useFakeTimers();
    try {
      const deltas: string[] = [];
      const writer = new ReplyWriter((_offset, text) => Promise.resolve(deltas.push(text)));
      writer.say('Hello');
      expect(deltas).toEqual(['Hello']);
      await jest.advanceTimersByTimeAsync(0);
      writer.say(', my');
      writer.say(' friend');
      await jest.advanceTimersByTimeAsync(39);
      expect(deltas).toEqual(['Hello']);
      await jest.advanceTimersByTimeAsync(1);
      expect(deltas).toEqual(['Hello', ', my friend']);
      writer.close();
    } finally {
      jest.useRealTimers();
    }
  });

  it('goes on while the log is slow, in order, and counts as told only what the log has taken', async () => {
    const answers: (() => void)[] = [];
    const offsets: number[] = [];
    const writer = new ReplyWriter((offset) => {
      offsets.push(offset);
      return new Promise<void>((resolve) => answers.push(resolve));
    });
    writer.say('a');
    writer.say('b'.repeat(1_024));
    writer.close();
    expect(offsets).toEqual([0, 1]);
    answers[1]?.();
    await Promise.resolve();
    expect(writer.told).toBe('');
    answers[0]?.();
    await writer.settled();
    expect(writer.told).toBe(writer.text);
  });

  it('gathers into fewer deltas when too many are on their way', async () => {
    const answers: (() => void)[] = [];
    const writer = new ReplyWriter(() => new Promise<void>((resolve) => answers.push(resolve)));
    for (let index = 0; index < 100; index++) writer.say('x'.repeat(1_024));
    expect(answers).toHaveLength(64);
    writer.close();
    expect(answers).toHaveLength(100);
    answers.forEach((answer) => answer());
    await writer.settled();
    expect(writer.told).toHaveLength(102_400);
  });

  it('reports a delta that could not be emitted when it is closed, and emits none after it', async () => {
    const offsets: number[] = [];
    const writer = new ReplyWriter((offset) => {
      offsets.push(offset);
      return Promise.reject(new Error('log is full'));
    });
    writer.say('lost');
    writer.say('also lost');
    await writer.settled();
    expect(() => writer.close()).toThrow('log is full');
    expect(offsets).toEqual([0]);
    expect(writer.text).toBe('lostalso lost');
  });
});
