import fc from 'fast-check';
import { StopSequences } from './stop-sequences.js';

function said(pieces: readonly string[], sequences: readonly string[]): string {
  const stops = new StopSequences(sequences);
  let text = '';
  for (const piece of pieces) {
    text += stops.push(piece);
    if (stops.stopped) return text;
  }
  return text + stops.end();
}

describe('stop sequences', () => {
  it('end the text before them, also when they arrive in pieces', () => {
    expect(said(['Hello', '\nUs', 'er: hi'], ['\nUser:'])).toBe('Hello');
    expect(said(['aab'], ['ab'])).toBe('a');
  });

  it('hold back no more than could be one, and give it when it is none', () => {
    const stops = new StopSequences(['\nUser:']);
    expect([stops.push('Hello\nU'), stops.push('nder'), stops.end()]).toEqual(['Hello', '\nUnder', '']);
  });

  it('cut where the earliest stands in the whole text, however it is cut into pieces', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    const sequence = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 5 }),
        fc.array(sequence, { maxLength: 3 }),
        (pieces, sequences) => {
          const whole = pieces.join('');
          const ends = sequences.map((each) => whole.indexOf(each)).filter((at) => at !== -1);
          // A sequence is complete with its last character: of two that overlap, the one that is complete first may win.
          const text = said(pieces, sequences);
          if (ends.length === 0) expect(text).toBe(whole);
          else {
            expect(whole.startsWith(text)).toBe(true);
            expect(sequences.some((each) => whole.slice(text.length).startsWith(each))).toBe(true);
            for (const each of sequences) expect(text).not.toContain(each);
          }
        },
      ),
    );
  });
});
