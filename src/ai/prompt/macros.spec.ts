import { expandMacros } from './macros.js';

describe('expandMacros', () => {
  const names = { char: 'Mira', user: 'Ada' };

  it('knows every spelling, in any case', () => {
    expect(expandMacros('{{char}} {{USER}} {{ Char }} <BOT> <user>', names)).toBe('Mira Ada Mira Mira Ada');
  });

  it('leaves what it does not know, and {{original}} where there is none', () => {
    expect(expandMacros('{{idle_duration}} {{original}} <START>', names)).toBe(
      '{{idle_duration}} {{original}} <START>',
    );
    expect(expandMacros('before {{Original}} after', { ...names, original: '-' })).toBe('before - after');
  });

  it('does not expand what it put in', () => {
    expect(expandMacros('{{user}}!', { char: 'Mira', user: '{{char}}' })).toBe('{{char}}!');
    expect(expandMacros('{{user}}!', { char: 'Mira', user: '$&$1' })).toBe('$&$1!');
    expect(expandMacros('{{original}}', { ...names, original: '{{user}}' })).toBe('{{user}}');
  });

  it('takes out comments and hidden keys, and turns text around', () => {
    const card = 'a{{// for me}}b{{comment: and me}}c{{hidden_key:dragon}}d {{reverse:{{char}}s}}';
    expect(expandMacros(card, names)).toBe('abcd sariM');
    expect(expandMacros(card, { ...names, showHiddenKeys: true })).toContain(' dragon ');
  });

  it('leaves to chance what the seed decides: the same seed, the same text', () => {
    const expanded = (seed: number): string =>
      expandMacros('{{random:red,green,blue\\, or {{user}}}} {{roll:d6}} {{pick:x,y,z}}', { ...names, seed });
    const all = Array.from({ length: 50 }, (_, seed) => expanded(seed));
    expect(all.map((_, seed) => expanded(seed))).toEqual(all);
    for (const text of all) expect(text).toMatch(/^(?:red|green|blue, or Ada) [1-6] [xyz]$/);
    const parts = [/^(.*) [1-6] [xyz]$/, /([1-6]) [xyz]$/, /([xyz])$/].map(
      (part) => new Set(all.map((text) => part.exec(text)?.[1])).size,
    );
    expect(parts).toEqual([3, 6, 1]);
  });

  it('puts the original in once, so that a text of nothing else does not grow a hundredfold', () => {
    expect(expandMacros('{{original}}, {{original}}.', { ...names, original: 'all' })).toBe('all, .');
  });

  it('takes time in proportion to the text, however many dice it throws', () => {
    const before = process.cpuUsage();
    expandMacros('{{roll:6}}'.repeat(100_000), names);
    // Of a second; in proportion to its square it would be minutes.
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
  });

  it('does not hang on an unclosed or nested call', () => {
    const before = process.cpuUsage();
    for (const text of [
      '{{random:'.repeat(20_000),
      `{{pick:${'{{char}}'.repeat(20_000)}`,
      '{'.repeat(50_000),
    ]) {
      expandMacros(text, names);
    }
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
  });
});
