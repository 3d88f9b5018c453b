import { ProjectCopy } from './project-copy.js';

const long = (name: string) =>
  [
    `export function ${name}(values: number[]): string[] {`,
    '  const lines: string[] = [];',
    '  for (const [index, value] of values.entries()) {',
    '    const sign = value < 0 ? "minus" : "plus";',
    '    const size = Math.abs(value) > 1000 ? "large" : "small";',
    '    lines.push(`${index + 1}: ${sign} ${size} ${Math.abs(value)}`);',
    '    if (lines.length > 100) throw new RangeError("too many lines for one page");',
    '  }',
    '  lines.sort((left, right) => left.localeCompare(right));',
    '  return lines.filter((line) => line.length > 0).map((line) => line.trim());',
    '}',
    '',
  ].join('\n');

const FAULTY_LINES: [rule: string, source: string][] = [
  ['no-floating-promises', 'export function a(): void { Promise.resolve(1); }'],
  [
    'no-misused-promises',
    'export const b = (): void => { [1].forEach(async () => { await Promise.resolve(); }); };',
  ],
  [
    'switch-exhaustiveness-check',
    "export function c(x: 'a' | 'b'): void { switch (x) { case 'a': return; } }",
  ],
  ['no-explicit-any', 'export const d = (x: any): unknown => x;'],
  ['no-console', 'export const e = (): void => console.log(1);'],
  ['no-empty', 'export function f(): void { try { JSON.parse(""); } catch {} }'],
  ['no-process-env', "export const g = process.env['HOME'];"],
];

let project: ProjectCopy;
afterEach(() => project.remove());

test('lint refuses what loses an error or a promise', () => {
  project = new ProjectCopy(
    Object.fromEntries(FAULTY_LINES.map(([rule, source]) => [`src/users/${rule}.ts`, `${source}\n`])),
  );
  const { status, output } = project.run('oxlint', '--format', 'unix');
  expect(status).toBe(1);
  const caught = FAULTY_LINES.filter(([rule]) => new RegExp(`${rule}\\.ts:.*\\(${rule}\\)`).test(output));
  expect(caught).toEqual(FAULTY_LINES);
});

test('lint refuses a test that is switched off', () => {
  project = new ProjectCopy({
    'src/users/users.spec.ts': "test.skip('later', () => { expect(1).toBe(1); });\n",
  });
  expect(project.run('oxlint', '--format', 'unix')).toMatchObject({
    status: 1,
    output: expect.stringContaining('no-disabled-tests'),
  });
});

test('a file, an export and a package that nobody uses are faults', () => {
  project = new ProjectCopy({
    'src/main.ts': "import { used } from './users/users.rules.js';\nused();\n",
    'src/users/users.rules.ts': 'export const used = (): number => 1;\nexport const forgotten = 2;\n',
    'src/users/orphan.ts': 'export const orphan = 1;\n',
  });
  const { status, output } = project.run('knip', '--no-progress');
  expect(status).toBe(1);
  expect(output).toMatch(/Unused files[^]*src\/users\/orphan\.ts/);
  expect(output).toMatch(/Unused exports[^]*forgotten/);
  expect(output).toMatch(/Unused dependencies[^]*typeorm/);
});

test('a passage written twice is a fault', () => {
  project = new ProjectCopy({
    'src/users/one.ts': long('one'),
    'libs/cache/src/two.ts': long('two'),
    'apps/worker/src/main.ts': 'export const nothing = 0;\n',
    'bench/main.ts': 'export const nothing = 0;\n',
  });
  expect(project.run('jscpd', '--config', '.jscpd.json')).toMatchObject({
    status: 1,
    output: expect.stringContaining('Clone found'),
  });
});

test('unformatted code is a fault', () => {
  project = new ProjectCopy({ 'src/users/one.ts': 'export const a = "x"\n' });
  expect(project.run('prettier', '--check', 'src')).toMatchObject({
    status: 1,
    output: expect.stringContaining('src/users/one.ts'),
  });
});
