import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LIBRARIES = [
  'rapport',
  'bentocache',
  'cacheable',
  'cache-manager',
  'async-cache-dedupe',
  'type-cacheable',
];

interface Spread {
  median: number;
  p10: number;
  p90: number;
}

interface Report {
  machine: { date: string; cpu: string; node: string; redis: string; versions: Record<string, string> };
  quick: boolean;
  cases: { name: string; rows: { name: string; cells: Record<string, unknown>; met?: boolean }[] }[];
}

const node = (...args: string[]) => promisify(execFile)(process.execPath, args);

let directory: string;
let report: Report;
let printed: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rapport-bench-'));
  const json = join(directory, 'report.json');
  ({ stdout: printed } = await node(
    'tools/bench.mjs',
    '--quick',
    'l1-hit',
    'crossing-evict',
    'log-delay',
    '--json',
    json,
  ));
  report = JSON.parse(readFileSync(json, 'utf8')) as Report;
}, 120_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const rowsOf = (name: string) => report.cases.find((one) => one.name === name)!.rows;

test('a run measures the cases that were asked for, and says where and on what', () => {
  expect(report.cases.map(({ name }) => name).sort()).toEqual(['crossing-evict', 'l1-hit', 'log-delay']);
  expect(report.quick).toBe(true);
  expect(report.machine).toMatchObject({
    date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    node: process.version,
    redis: expect.stringMatching(/^\d+\.\d+/),
  });
  expect(Object.keys(report.machine.versions)).toEqual(LIBRARIES);
});

test('every library has its row beside the limit, with median and spread, or a gap where it has no such tier', () => {
  const rows = rowsOf('l1-hit');
  expect(rows.map(({ name }) => name)).toEqual(['limit', ...LIBRARIES]);
  for (const { name, cells } of rows.slice(0, -1)) {
    const { median, p10, p90 } = cells.time as Spread;
    expect([name, p10 > 0, p10 <= median, median <= p90]).toEqual([name, true, true, true]);
  }
  expect(rows.at(-1)!.cells).toEqual({ time: null, ratio: null, cpu: null });
});

test('the decorated method never answers with what an acknowledged evict made untrue', () => {
  expect(rowsOf('crossing-evict')[0]).toEqual({
    name: 'rapport',
    cells: { rightAfter: 'no', later: 'no' },
    met: true,
  });
});

test('bare Socket.IO and the service each tell a socket of another process', () => {
  const rows = rowsOf('log-delay');
  expect(rows.map(({ name, cells }) => [name, (cells.p50 as number) > 0])).toEqual([
    ['limit', true],
    ['rapport', true],
  ]);
});

test('the tables are printed', () => {
  expect(printed).toContain('L1 hit (l1-hit)');
});

test('an unknown case is refused with the names of those there are', async () => {
  // Compiled by the run above.
  await expect(node('dist/bench/bench/main.js', 'l3-hit')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no case "l3-hit"[\s\S]*l1-hit, l2-hit/),
  });
});
