import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatedSecrets } from './generated-secrets.js';

describe('generatedSecrets', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rapport-secrets-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('adds a new secret without changing those it has', () => {
    const { A: first } = generatedSecrets(directory, ['A']);
    const both = generatedSecrets(directory, ['A', 'B']);
    expect(both['A']).toBe(first);
    expect(both['B']).not.toBe(first);
    expect(generatedSecrets(directory, ['A', 'B'])).toEqual(both);
  });

  it('makes the directory, for its owner only', () => {
    const inner = join(directory, 'data');
    generatedSecrets(inner, ['A']);
    expect(statSync(inner).mode & 0o777).toBe(0o700);
  });

  it('is not stopped by the lock of a process that died', () => {
    const lock = join(directory, 'secrets.lock');
    mkdirSync(lock);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    expect(generatedSecrets(directory, ['A'])['A']).toBeTruthy();
    expect(existsSync(lock)).toBe(false);
  });

  it('does not replace a file it cannot understand, and names the fix', () => {
    writeFileSync(join(directory, 'secrets.json'), '{"A":');
    const attempt = (): unknown => generatedSecrets(directory, ['A']);
    expect(attempt).toThrow('not valid JSON');
    expect(attempt).toThrow(
      expect.objectContaining({ fix: expect.stringContaining('remove it') as string }) as Error,
    );
  });

  it('names the fix when the directory cannot be written', () => {
    writeFileSync(join(directory, 'file'), '');
    const attempt = (): unknown => generatedSecrets(join(directory, 'file'), ['A']);
    expect(attempt).toThrow('cannot be stored');
    expect(attempt).toThrow(
      expect.objectContaining({ fix: expect.stringContaining('DATA_DIR') as string }) as Error,
    );
  });
});
