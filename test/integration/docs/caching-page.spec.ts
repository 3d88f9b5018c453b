import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(__dirname, '../../..');

describe('the program in docs/caching.md', () => {
  const page = readFileSync(join(ROOT, 'docs/caching.md'), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
  let directory: string;
  let file: string;

  beforeAll(() => {
    // Inside the repository, so that its packages are found.
    directory = mkdtempSync(join(ROOT, 'node_modules/.cache/caching-page-'));
    file = join(directory, 'caching-page.ts');
    writeFileSync(file, `import 'reflect-metadata';\n${blocks.join('\n')}`);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('compiles under the settings of the project', () => {
    const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
    const program = ts.createProgram([file], { ...options, noEmit: true, incremental: false });
    const own = ts.getPreEmitDiagnostics(program).filter(({ file: at }) => at?.fileName === file);
    expect(own.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });

  it('does what the page says', async () => {
    const { sell } = require(file) as { sell: () => Promise<unknown> };
    const said = /`sell\(\)` answers `(\{.*?\})`/.exec(page)![1]!;
    const result = await sell();
    expect(JSON.stringify(result).replaceAll('"', '')).toBe(said.replaceAll(' ', ''));
  });
});
