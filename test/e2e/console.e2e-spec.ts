import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Problem } from '../support/api-client.js';
import { sharedService, START_MS, startBuilt } from '../support/service.js';

let url: string;

beforeAll(async () => {
  url = await sharedService();
}, START_MS);

const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${url}${path}`, init);

/** The bundles that the page names. */
async function bundles(): Promise<string[]> {
  const page = await (await ask('/')).text();
  return Array.from(page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g), ([, path]) => path as string);
}

async function expectProblem(answer: Response, status: number, code: string): Promise<void> {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect((await answer.json()) as Problem).toMatchObject({ status, code });
}

describe('the console', () => {
  it('is a page at / whose policy lets it load and reach nothing but the service', async () => {
    const answer = await ask('/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
    const page = await answer.text();
    expect(page).toContain('<title>Rapport</title>');
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(page).not.toMatch(/<script(?![^>]* src=)/);
  });

  it('is asked for each time, and sent only when it has changed', async () => {
    const first = await ask('/');
    expect(first.headers.get('cache-control')).toBe('no-cache');
    const etag = first.headers.get('etag') as string;
    const again = await ask('/', { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  it('names a script and a style sheet, which are kept for good', async () => {
    const paths = await bundles();
    expect(paths.map((path) => path.split('.').at(-1)).sort()).toEqual(['css', 'js']);
    for (const path of paths) {
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toMatch(/^(?:application\/javascript|text\/css)/);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(Number(answer.headers.get('content-length'))).toBe((await answer.arrayBuffer()).byteLength);
    }
  });

  it('answers HEAD as GET, without the body', async () => {
    const answer = await ask('/', { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(0);
    expect(await answer.text()).toBe('');
  });

  it.each(['/nowhere', '/api/nowhere', '/assets/', '/assets/nowhere.js', '/index', '/..%2fsrc/main.js'])(
    'leaves %s unknown',
    async (path) => expectProblem(await ask(path), 404, 'not-found'),
  );

  it('is read only', async () => {
    const answer = await ask('/', { method: 'POST' });
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
    await expectProblem(answer, 405, 'method-not-allowed');
  });

  it('is bundled from its sources alone: no map of them is served', () => {
    expect(existsSync('dist/console')).toBe(true);
    expect(readdirSync('dist/console/assets').filter((name) => name.endsWith('.map'))).toEqual([]);
  });
});

test(
  'a service that was never bundled serves its API all the same',
  async () => {
    const copy = mkdtempSync(join(tmpdir(), 'rapport-unbundled-'));
    for (const part of ['src', 'libs'])
      cpSync(join('dist', part), join(copy, 'dist', part), { recursive: true });
    cpSync('package.json', join(copy, 'package.json'));
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
    const unbundled = await startBuilt({}, { program: join(copy, 'dist/src/main.js') });
    try {
      await expectProblem(await fetch(`${unbundled.url}/`), 404, 'not-found');
      expect((await fetch(`${unbundled.url}/readyz`)).status).toBe(200);
    } finally {
      await unbundled.stop();
      rmSync(copy, { recursive: true, force: true });
    }
  },
  START_MS,
);
