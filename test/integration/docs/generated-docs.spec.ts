import 'reflect-metadata';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SETTINGS } from '../../../src/config/app-config.js';
import { renderConfigDocs, renderEnvExample } from '../../../src/config/settings-docs.js';
import { settingsOf } from '../../../src/config/setting.js';
import { errorCatalogue } from '../../../src/platform/errors/app-error.js';
import { renderErrorDocs } from '../../../src/platform/errors/error-docs.js';

const ROOT = resolve(__dirname, '../../..');
const page = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

// After a change: npm run generate:docs
describe('generated pages', () => {
  it('.env.example names every setting as the code declares it', () => {
    expect(page('.env.example')).toBe(renderEnvExample(SETTINGS));
  });

  it('docs/config.md describes every setting as the code declares it', () => {
    expect(page('docs/config.md')).toBe(renderConfigDocs(SETTINGS));
  });

  it('docs/errors.md lists every error code of the service', () => {
    const tables = readdirSync(join(ROOT, 'src'), { recursive: true }).map(String);
    for (const table of tables.filter((file) => file.endsWith('.errors.ts')))
      require(join(ROOT, 'src', table));
    expect(page('docs/errors.md')).toBe(renderErrorDocs(errorCatalogue));
  });

  it('every settings class of the source is loaded', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true }).map(String);
    const settingsFiles = files.filter((file) => file.endsWith('.settings.ts'));
    const loaded = new Set(SETTINGS.map(({ name }) => name));
    for (const file of settingsFiles) {
      const exported = Object.values(require(join(ROOT, 'src', file)) as Record<string, unknown>);
      const classes = exported.filter(
        (value): value is new () => object =>
          typeof value === 'function' && settingsOf(value as new () => object).length > 0,
      );
      for (const { name } of classes) expect(loaded).toContain(name);
    }
  });

  it('no two settings read the same variable', () => {
    const names = SETTINGS.flatMap((settingsClass) => settingsOf(settingsClass)).flatMap((setting) => [
      setting.env,
      ...(setting.aliases ?? []),
    ]);
    expect(names).toEqual([...new Set(names)]);
  });
});
