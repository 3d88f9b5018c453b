import { extractSummary, toLines } from './extract-summary.js';

const names = { user: 'Eve', character: 'Ada' };
const line = (text: string): string => toLines([{ role: 'user', kind: 'text', text }], names, 1_000)[0]!;

describe('a summary without a model', () => {
  it('says who said what, in the first sentence of each', () => {
    const said = toLines(
      [
        { role: 'user', kind: 'text', text: 'I have a boat. It is\nred.' },
        { role: 'character', kind: 'text', text: 'Where is it?' },
        { role: 'user', kind: 'audio', text: '' },
      ],
      names,
      1_000,
    );
    expect(extractSummary('', said)).toBe('Eve: I have a boat.\nAda: Where is it?\nEve: [audio]');
  });

  it('made in steps keeps the beginning and the end, however long the conversation is', () => {
    let notes = '';
    for (let index = 0; index < 500; index += 1) notes = extractSummary(notes, [line(`Number ${index}.`)]);
    const lines = notes.split('\n');
    expect(lines).toHaveLength(12);
    expect([lines[0], lines.at(-1)]).toEqual(['Eve: Number 0.', 'Eve: Number 499.']);
  });

  it('cuts what is long, and no character in two', () => {
    const summary = extractSummary('', [line('😀'.repeat(500))]);
    expect(summary.length).toBeLessThanOrEqual(160);
    expect(summary).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
  });
});
