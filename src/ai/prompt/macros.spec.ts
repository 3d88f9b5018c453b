import { expandMacros } from './macros.js';

describe('expandMacros', () => {
  const names = { char: 'Mira', user: 'Ada' };

  it('knows every spelling, in any case', () => {
    expect(expandMacros('{{char}} {{USER}} {{ Char }} <BOT> <user>', names)).toBe('Mira Ada Mira Mira Ada');
  });

  it('leaves what it does not know, and {{original}} where there is none', () => {
    expect(expandMacros('{{random:a,b}} {{original}} <START>', names)).toBe(
      '{{random:a,b}} {{original}} <START>',
    );
    expect(expandMacros('before {{Original}} after', { ...names, original: '-' })).toBe('before - after');
  });

  it('does not expand what it put in', () => {
    expect(expandMacros('{{user}}!', { char: 'Mira', user: '{{char}}' })).toBe('{{char}}!');
    expect(expandMacros('{{user}}!', { char: 'Mira', user: '$&$1' })).toBe('$&$1!');
    expect(expandMacros('{{original}}', { ...names, original: '{{user}}' })).toBe('{{user}}');
  });
});
