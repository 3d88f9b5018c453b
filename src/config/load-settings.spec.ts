import 'reflect-metadata';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IsInt, IsString, Max, Min } from 'class-validator';
import { StartupError } from '../platform/errors/startup-error.js';
import { loadSettings } from './load-settings.js';
import { Setting } from './setting.js';

class StoreSettings {
  @Setting({ env: 'DATA_DIR', description: 'Directory.' })
  @IsString()
  dataDir = '.data';

  @Setting({ env: 'STORE_SIZE', aliases: ['OLD_STORE_SIZE'], type: 'integer', description: 'Size.' })
  @IsInt()
  @Min(1)
  @Max(10)
  size = 5;

  @Setting({ env: 'STORE_TTL', type: 'duration', productionDefault: '1m', description: 'Age.' })
  @IsInt()
  ttlMs = 1000;

  @Setting({ env: 'STORE_KEY', secret: true, generate: 'base64-32-bytes', description: 'Key.' })
  @IsString()
  key = '';

  @Setting({ env: 'STORE_PIN', secret: true, type: 'integer', description: 'Pin.', example: '4711' })
  pin?: number;
}

const STRONG = 'rZq0F6m3hS8kP1xWc5vTn9LbYd2EgUjA7iKoXsQeMw4=';

function faultsOf(environment: Record<string, string>): string {
  try {
    loadSettings([StoreSettings], environment);
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  throw new Error('The settings were accepted.');
}

describe('loadSettings', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rapport-settings-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('prefers the variable to its alias, and both to the default', () => {
    const size = (environment: Record<string, string>): number =>
      loadSettings([StoreSettings], { DATA_DIR: directory, ...environment }).get(StoreSettings).size;
    expect(size({})).toBe(5);
    expect(size({ OLD_STORE_SIZE: '6' })).toBe(6);
    expect(size({ OLD_STORE_SIZE: '6', STORE_SIZE: '7' })).toBe(7);
  });

  it('treats an empty variable as absent', () => {
    expect(
      loadSettings([StoreSettings], { DATA_DIR: directory, STORE_SIZE: ' ' }).get(StoreSettings).size,
    ).toBe(5);
  });

  it('uses production defaults in production only', () => {
    const ttl = (environment: Record<string, string>): number =>
      loadSettings([StoreSettings], { DATA_DIR: directory, ...environment }).get(StoreSettings).ttlMs;
    expect(ttl({})).toBe(1000);
    expect(ttl({ NODE_ENV: 'production', STORE_KEY: STRONG })).toBe(60_000);
  });

  it('lists every fault at once, each with its variable and what is allowed', () => {
    const faults = faultsOf({ DATA_DIR: directory, STORE_SIZE: '11', STORE_TTL: 'soon' });
    expect(faults).toContain('STORE_SIZE must not be greater than 10 (it is 11)');
    expect(faults).toContain('STORE_TTL must be a duration');
    expect(faults).toContain('"soon"');
  });

  it('never shows the value of a secret', () => {
    expect(faultsOf({ DATA_DIR: directory, STORE_PIN: 'hunter2' })).not.toContain('hunter2');
  });

  it('generates a missing secret once, keeps it, and lets nobody else read it', () => {
    const load = (): string => loadSettings([StoreSettings], { DATA_DIR: directory }).get(StoreSettings).key;
    const first = load();
    expect(Buffer.from(first, 'base64')).toHaveLength(32);
    expect(load()).toBe(first);
    const file = join(directory, 'secrets.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ STORE_KEY: first });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('does not write a secret that was given', () => {
    const { key } = loadSettings([StoreSettings], { DATA_DIR: directory, STORE_KEY: STRONG }).get(
      StoreSettings,
    );
    expect(key).toBe(STRONG);
    expect(() => statSync(join(directory, 'secrets.json'))).toThrow('ENOENT');
  });

  it.each([
    ['a missing key', {}, 'STORE_KEY is required in production'],
    ['a placeholder', { STORE_KEY: 'changeme-changeme' }, 'STORE_KEY is a placeholder'],
    ['a short key', { STORE_KEY: 'k3Yk3Y!' }, 'STORE_KEY is shorter than 32'],
    ['a regular key', { STORE_KEY: 'ab'.repeat(20) }, 'STORE_KEY is too regular'],
    ['an example', { STORE_KEY: STRONG, STORE_PIN: '4711' }, 'STORE_PIN is a placeholder'],
  ])('refuses %s in production', (_case, environment, fault) => {
    expect(faultsOf({ DATA_DIR: directory, NODE_ENV: 'production', ...environment })).toContain(fault);
  });

  it('hands out settings that cannot be changed', () => {
    const settings = loadSettings([StoreSettings], { DATA_DIR: directory }).get(StoreSettings);
    expect(() => (settings.size = 9)).toThrow(TypeError);
  });
});
