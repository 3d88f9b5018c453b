import { formatCell, markdownSection, plainTable } from './format.js';
import type { CaseResult } from './result.js';

test.each([
  [{ median: 229, p10: 228, p90: 1_504 }, 'time', '229 ns (228 ns – 1.5 µs)'],
  [Number.POSITIVE_INFINITY, 'ratio', 'Infinity'],
  [50_700_000, 'time', '50.7 ms'],
  [65_617.4, 'rate', '65,617'],
  [1.5, 'ratio', '1.50'],
  [3 * 2 ** 20, 'memory', '3 MiB'],
  [0, 'count', '0'],
  ['no', 'text', 'no'],
  [null, 'time', '–'],
] as const)('%j as %s is written %s', (cell, unit, text) => {
  expect(formatCell(cell, unit)).toBe(text);
});

const result: CaseResult = {
  name: 'miss',
  title: 'Miss',
  how: 'As it is.',
  bar: 'one',
  columns: [{ key: 'loads', title: 'loads', unit: 'count' }],
  rows: [
    { name: 'good', cells: { loads: 1 }, met: true },
    { name: 'bad', cells: { loads: 4 }, met: false },
    { name: 'without', cells: { loads: null } },
  ],
};

test('a table says of each library whether it clears the bar, and nothing of one that has no such feature', () => {
  expect(plainTable(result).split('\n').slice(2)).toEqual([
    '           loads  bar',
    '  good     1      yes',
    '  bad      4      no',
    '  without  –',
  ]);
});

test('a section of the document names the machine and the command', () => {
  const machine = { date: '2026-11-20', cpu: 'Abacus', cores: 2, node: 'v20', redis: '7', versions: {} };
  const section = markdownSection(result, machine);
  expect(section).toContain('2026-11-20, Abacus, 2 cores, Node v20, Redis 7: `npm run bench -- miss`');
  expect(section).toContain('| bad | 4 | no |');
});
