import * as fc from 'fast-check';
import { compilePattern, plainKey } from './key.patterns.js';
import { patternSize } from './pattern.size.js';

describe('plainKey', () => {
  it('is found in any case, or in its own', () => {
    expect(plainKey('Tower', {})('the tower')).toBe(true);
    expect(plainKey('Tower', { caseSensitive: true })('the tower')).toBe(false);
    expect(plainKey('Tower', { caseSensitive: true })('the Tower')).toBe(true);
  });

  it.each([
    ['cat', 'concatenate', false],
    ['cat', 'the cat.', true],
    ['cat', 'cats, a cat', true],
    ['кот', 'который', false],
    ['кот', 'мой кот!', true],
    ['é', 'cafés', false],
    ['塔', 'その塔', false],
    ['塔', 'その「塔」', true],
    ['C++', 'in C++, or', true],
    ['a b a', 'xa b a b a', true],
    ['𝒳', '𝒳𝒳', false],
    ['cat', '🐈cat🐈', true],
  ])('as a whole word, %s in "%s": %s', (key, text, found) => {
    expect(plainKey(key, { wholeWord: true })(text)).toBe(found);
  });

  it('as a whole word is found exactly where the text, taken apart, has it', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), word, (words, key) => {
        expect(plainKey(key, { wholeWord: true })(words.join(' '))).toBe(words.includes(key));
      }),
    );
  });
});

describe('compilePattern', () => {
  const matches = (key: string, text: string, caseSensitive?: boolean): boolean | undefined =>
    compilePattern(key, caseSensitive)?.test(text);

  it('reads /pattern/flags and bare patterns', () => {
    expect(matches('/drag(on|oon)s?/i', 'DRAGOONS')).toBe(true);
    expect(matches('/dragon/', 'DRAGON')).toBe(false);
    expect(matches('/^b/m', 'a\nb')).toBe(true);
    expect(matches('/a.b/s', 'a\nb')).toBe(true);
    expect(matches('/and\\/or/gu', 'and/or')).toBe(true);
    expect(matches('dra.on', 'DRAGON')).toBe(true);
  });

  it('lets the card decide about case where the pattern does not', () => {
    expect(matches('dra.on', 'DRAGON', true)).toBe(false);
    expect(matches('/dra.on/', 'DRAGON', false)).toBe(true);
    expect(matches('/dra.on/i', 'DRAGON', true)).toBe(true);
  });

  it.each([
    ['lookaround', '(?=a)b'],
    ['lookbehind', '(?<!a)b'],
    ['a back-reference', '(a)\\1'],
    ['an open group', '(a'],
    ['a flag that is not known', '/a/y'],
    ['too many repetitions', '(abcdefghijklmnopqrstuvwxyz){1000}'],
    ['repetitions of repetitions', '((a{0,30}){0,30})b'],
    ['too many characters', 'a'.repeat(501)],
  ])('refuses %s', (_what, key) => {
    expect(compilePattern(key, undefined)).toBeUndefined();
  });

  it('estimates the size before it compiles, never far below what it becomes', () => {
    for (const pattern of [
      'a',
      'abc',
      'a{3}',
      '(ab){10}',
      '(?:ab|c){2,5}',
      '[a-z{}]{4}',
      '\\{9}',
      'a{,5}',
      '((a{2}){3}){4}',
      '(?i:a{7})',
      '[]a]{2}',
    ]) {
      const compiled = compilePattern(pattern, true);
      expect(compiled).toBeDefined();
      expect(patternSize(pattern) * 3 + 4).toBeGreaterThanOrEqual(compiled!.size);
    }
    expect(patternSize('(ab){10}')).toBeGreaterThanOrEqual(20);
    expect(patternSize('((a{10}){10}){10}')).toBeGreaterThanOrEqual(1_000);
  });
});
