import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sharedService, START_MS } from '../support/service.js';

const run = promisify(execFile);

describe('the README', () => {
  const readme = readFileSync('README.md', 'utf8');
  const directory = mkdtempSync(join(tmpdir(), 'rapport-readme-'));
  let url: string;

  beforeAll(async () => {
    url = await sharedService();
  }, START_MS);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('shows a conversation that works as it is written', async () => {
    const [, program = ''] = /```js\n([^]*?)```/.exec(readme) ?? [];
    const file = join(directory, 'talk.mjs');
    writeFileSync(file, program);
    const env = { ...process.env, RAPPORT_URL: url };
    const { stdout } = await run(process.execPath, [file], { env, timeout: 20_000 });
    const said = stdout.split('\n').filter((line) => /^[^:\n]+: \S/.test(line));
    expect(said.length).toBeGreaterThanOrEqual(2);
    expect(stdout).not.toContain('undefined');
  });

  it('names only commands, files and settings that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [, name = ''] of readme.matchAll(/npm (?:run )?(start|test|[a-z]+:[a-z-]+)/g)) {
      expect(scripts).toHaveProperty([name]);
    }
    for (const [, path = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(() => readFileSync(join(path, path.includes('.') ? '' : '.'))).not.toThrow(/ENOENT/);
    }
    const settings = readFileSync('.env.example', 'utf8');
    for (const [, name = ''] of readme.matchAll(/`([A-Z]+_[A-Z_]+|PORT|HOST)`/g)) {
      expect(settings).toContain(`${name}=`);
    }
  });
});
