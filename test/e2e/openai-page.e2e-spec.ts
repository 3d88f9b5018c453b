import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expectStatus, newCharacter, newPerson } from '../support/api-client.js';
import { sharedService, START_MS } from '../support/service.js';

const run = promisify(execFile);

describe('docs/openai.md', () => {
  // Below the repository, so that the program finds the official client.
  const directory = mkdtempSync(join('node_modules/.cache', 'openai-page-'));
  let url: string;

  beforeAll(async () => {
    url = await sharedService();
  }, START_MS);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('shows a program that works as it is written', async () => {
    const person = await newPerson(url);
    const { name } = await newCharacter(person, 'Mira');
    const request = { name: 'page', scopes: ['chat'] };
    const { secret } = expectStatus(
      201,
      await person.post<{ secret: string }>('/api/auth/api-keys', request),
    );
    const [, program = ''] = /```js\n([^]*?)```/.exec(readFileSync('docs/openai.md', 'utf8')) ?? [];
    const file = join(directory, 'client.mjs');
    writeFileSync(file, program);
    const env = { PATH: process.env.PATH, RAPPORT_URL: url, RAPPORT_API_KEY: secret };
    const { stdout } = await run(process.execPath, [file], { env, timeout: 20_000 });
    expect(stdout).toMatch(new RegExp(`^${name}: \\S[^]*\\n\\d+ tokens\\n$`));
    expect(stdout).not.toContain('undefined');
  });
});
