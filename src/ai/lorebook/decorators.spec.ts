import * as fc from 'fast-check';
import { readDecorators } from './decorators.js';

describe('readDecorators', () => {
  it('takes decorators and the lines they stood on out of the text', () => {
    const { decorations, text } = readDecorators(
      '@@depth 4\r\n@@role assistant\n@@scan_depth 2\n@@exclude_keys rain, snow ,\n\nThe tower.\nIt leans.\n',
    );
    expect(decorations).toEqual({
      depth: 4,
      role: 'assistant',
      scanDepth: 2,
      excludeKeys: ['rain', 'snow'],
    });
    expect(text).toBe('The tower.\nIt leans.');
  });

  it('keeps what it does not know out of the text, too', () => {
    expect(readDecorators('@@somebodys_own 3\n@@instruct_depth 5\nThe tower.')).toEqual({
      decorations: {},
      text: 'The tower.',
    });
  });

  it('lets the first of one name count', () => {
    expect(readDecorators('@@depth 1\n@@depth 2').decorations).toEqual({ depth: 1 });
  });

  it.each([
    ['one that is not known', '@@risu_only 4\n@@@depth 3\nText', { depth: 3 }],
    ['a value that is not valid', '@@role narrator\n@@@role user\nText', { role: 'user' }],
    [
      'a chain, from top to bottom',
      '@@a 1\n@@@b 2\n@@@c 3\n@@@d 4\n@@@e 5\n@@@depth 6\n@@@depth 7',
      { depth: 6 },
    ],
  ])('takes the fallback for %s', (_what, content, decorations) => {
    expect(readDecorators(content).decorations).toEqual(decorations);
  });

  it('takes no fallback for what is honoured, nor one that stands alone', () => {
    expect(readDecorators('@@depth 1\n@@@role user\nText').decorations).toEqual({ depth: 1 });
    expect(readDecorators('Text\n@@@role user\nmore')).toEqual({ decorations: {}, text: 'Text\nmore' });
  });

  it.each([
    '@@depth -1',
    '@@depth much',
    '@@depth',
    '@@activate_only_every 0',
    '@@probability 101',
    '@@position up',
  ])('ignores %s', (line) => {
    expect(readDecorators(`${line}\nText`)).toEqual({ decorations: {}, text: 'Text' });
  });

  it('never lets a decorator through, whatever the text', () => {
    const line = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.constantFrom('@@depth 4', '@@@role user', '@@constructor 1', '  @@x', '@@__proto__ 1', '@@activate'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const { text, decorations } = readDecorators(lines.join('\n'));
        expect(text).not.toMatch(/^\s*@@@?[a-z]\w*(?:[ \t].*)?$/im);
        expect(readDecorators(text)).toEqual({ decorations: {}, text });
        expect(Object.getPrototypeOf(decorations)).toBe(Object.prototype);
      }),
    );
  });
});
