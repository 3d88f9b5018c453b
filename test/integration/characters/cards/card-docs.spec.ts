import { readFile } from 'node:fs/promises';
import { REPAIRS, WARNINGS } from '../../../../src/characters/cards/card-findings.js';

it('docs/cards.md lists every repair and every warning with what it means', async () => {
  const text = await readFile('docs/cards.md', 'utf8');
  const rows = [...text.matchAll(/^\| `([\w-]+)`\s*\| (.*?)\s*\|$/gm)].map(([, code, meaning]) => [
    code,
    meaning,
  ]);
  expect(rows).toEqual([...Object.entries(REPAIRS), ...Object.entries(WARNINGS)]);
});
