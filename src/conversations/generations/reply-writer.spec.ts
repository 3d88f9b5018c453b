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
  await writer.close();
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
      await writer.close();
    } finally {
      jest.useRealTimers();
    }
  });

  it('reports a delta that could not be emitted when it is closed, and emits none after it', async () => {
    const offsets: number[] = [];
    const writer = new ReplyWriter((offset) => {
      offsets.push(offset);
      return Promise.reject(new Error('log is full'));
    });
    writer.say('lost');
    writer.say('also lost');
    await expect(writer.close()).rejects.toThrow('log is full');
    expect(offsets).toEqual([0]);
    expect(writer.text).toBe('lostalso lost');
  });
});
