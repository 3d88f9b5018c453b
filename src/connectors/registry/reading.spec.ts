import { at, dateOf, idOf, labelsOf, linkOf, parameterOf, spaced, textOf, webUrlOf } from './reading.js';

it('makes one label of the ways in which a topic is written', () => {
  expect(
    labelsOf('Machine-Learning', 'machine_learning', [spaced('MachineLearning'), ' machine  learning ']),
  ).toEqual(['machine learning']);
  expect(labelsOf('C++', 'C#', 'TypeScript', 'R&B', 'Ｊａｚｚ', null, 7, '', '--')).toEqual([
    'c++',
    'c#',
    'typescript',
    'r&b',
    'jazz',
  ]);
});

it('keeps labels few and short', () => {
  const labels = labelsOf(Array.from({ length: 100 }, (_, index) => `label ${index} ${'x'.repeat(200)}`));
  expect(labels).toHaveLength(20);
  expect(labels.every((label) => label.length <= 60)).toBe(true);
});

it('finds what lies deep, or nothing', () => {
  const body = { items: [{ name: 'one' }] };
  expect(at(body, 'items', 0, 'name')).toBe('one');
  expect(at(body, 'items', 1, 'name')).toBeUndefined();
  expect(at(body, 0, 'name')).toBeUndefined();
  expect(at(null, 'items')).toBeUndefined();
});

it('takes only what is of the right type', () => {
  expect([idOf(7), idOf('x'), idOf(''), idOf(1.5), idOf({})]).toEqual([
    '7',
    'x',
    undefined,
    undefined,
    undefined,
  ]);
  expect([textOf(' x '), textOf(7)]).toEqual(['x', undefined]);
  expect([textOf('a\0b'), idOf('\0'), webUrlOf('https://x.test/\0a')]).toEqual([
    'ab',
    undefined,
    'https://x.test/%00a',
  ]);
  expect(dateOf('2026-01-02T03:04:05Z')).toEqual(new Date('2026-01-02T03:04:05Z'));
  expect(dateOf(1_700_000_000)).toEqual(new Date(1_700_000_000_000));
  expect([dateOf('x'), dateOf(1e300), dateOf(null), dateOf(Number.NaN)]).toEqual(Array(4).fill(undefined));
  expect(webUrlOf('https://example.com/a')).toBe('https://example.com/a');
  expect([webUrlOf('javascript:alert(1)'), webUrlOf('http://x'), webUrlOf(3)]).toEqual(
    Array(3).fill(undefined),
  );
});

it('finds the next page in addresses and Link headers', () => {
  expect(parameterOf('https://api.example.com/x?offset=50&limit=50', 'offset')).toBe('50');
  expect(parameterOf(null, 'offset')).toBeUndefined();
  const header = '<https://x.test/?page=1>; rel="prev", <https://x.test/?a=1,2&page=3>; rel="next"';
  expect(linkOf(header, 'next')).toBe('https://x.test/?a=1,2&page=3');
  expect(linkOf(header, 'last')).toBeUndefined();
  expect(linkOf(null, 'next')).toBeUndefined();
});
