// Writes .env.example, docs/config.md and docs/errors.md from the declarations in the code.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildIfStale } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist', 'src');
const load = (file) => import(pathToFileURL(join(built, file)).href);

buildIfStale();
const { SETTINGS } = await load('config/app-config.js');
const { renderConfigDocs, renderEnvExample } = await load('config/settings-docs.js');
const { errorCatalogue } = await load('platform/errors/app-error.js');
const { renderErrorDocs } = await load('platform/errors/error-docs.js');
for (const file of readdirSync(built, { recursive: true })) {
  if (file.endsWith('.errors.js')) await load(file);
}

const pages = {
  '.env.example': renderEnvExample(SETTINGS),
  'docs/config.md': renderConfigDocs(SETTINGS),
  'docs/errors.md': renderErrorDocs(errorCatalogue),
};
for (const [file, text] of Object.entries(pages)) {
  writeFileSync(join(root, file), text);
  console.log(`wrote ${file}`);
}
