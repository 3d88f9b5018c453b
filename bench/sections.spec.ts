import { withSections } from './sections.js';

const measured = (text: string): Map<string, string> => new Map([['miss', text]]);

test('a case that is new to the document goes to its end', () => {
  const text = withSections('# Benchmarks\n', measured('first'));
  expect(text).toBe('# Benchmarks\n\n<!-- case miss -->\n\nfirst\n\n<!-- end miss -->\n');
});

test('a case that was measured again takes the place of its old section; what is around it stays', () => {
  const before = `${withSections('# Benchmarks\n', measured('first'))}\nwritten by hand\n`;
  const after = withSections(before, measured('second'));
  expect(after).toBe(before.replace('first', 'second'));
});
