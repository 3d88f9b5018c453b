import * as fc from 'fast-check';
import { slicesForCounting } from './text.slices.js';
import { TokenCounter } from './token-counter.service.js';

describe('TokenCounter', () => {
  const counter = new TokenCounter();

  it('counts as the vocabulary does', () => {
    expect(counter.count('')).toBe(0);
    expect(counter.count('Hello world')).toBe(2);
    expect(counter.count('The quick brown fox jumps over the lazy dog.')).toBe(10);
  });

  it('costs nothing to cut ordinary text into slices', () => {
    const sentence = 'The quick brown fox jumps over the lazy dog, and the dog does not mind.';
    const once = counter.count(` ${sentence}`);
    expect(counter.count(` ${sentence}`.repeat(200))).toBe(once * 200);
  });

  it('takes a control token for the text it is', () => {
    expect(counter.count('<|endoftext|>')).toBeGreaterThan(1);
  });

  it('counts the same the second time, and for half a character', () => {
    const text = 'a longer text that is worth remembering because it is counted on every turn \ud83d';
    expect(counter.count(text)).toBe(counter.count(text));
    expect(counter.count(text)).toBeGreaterThan(10);
  });

  it('does not let an unbroken run block the process', () => {
    const before = process.cpuUsage();
    for (const run of [' ', 'a', '\u{1F9DE}', '\n']) counter.count(run.repeat(100_000));
    // In one piece, the spaces alone took fifteen seconds.
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(4_000);
  });
});

describe('slicesForCounting', () => {
  it('loses nothing, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 3_000 }),
        fc.string({ maxLength: 10 }),
        (text, more) => {
          const slices = [...slicesForCounting(`${text} ${more}`.repeat(3))];
          expect(slices.join('')).toBe(`${text} ${more}`.repeat(3));
          for (const slice of slices) expect(slice.length).toBeLessThanOrEqual(512);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never cuts inside a surrogate pair', () => {
    for (const slice of slicesForCounting(`x${'\u{1F9DE}'.repeat(2_000)}`)) {
      expect(slice).not.toMatch(/\p{Surrogate}/u);
    }
  });
});
