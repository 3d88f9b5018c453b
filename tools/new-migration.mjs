// `npm run db:migration <name>`: writes the next migration and adds it to the list.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../src/platform/database/migrations/', import.meta.url));
const name = process.argv[2] ?? '';
if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) {
  console.error('Usage: npm run db:migration <name>, e.g. npm run db:migration add-rooms');
  process.exit(1);
}

const numbers = readdirSync(directory).flatMap((file) => /^(\d{4})-.*\.ts$/.exec(file)?.[1] ?? []);
const number = String(Math.max(0, ...numbers.map(Number)) + 1).padStart(4, '0');
const words = name.split('-').map((word) => word[0].toUpperCase() + word.slice(1));
const className = `${words.join('')}${number}`;

const file = `${directory}${number}-${name}.ts`;
writeFileSync(
  file,
  `import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = \`
\`;

export class ${className} implements MigrationInterface {
  readonly name = '${words.join('')}${number.padStart(13, '0')}';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations only go forward; write a new one with \`npm run db:migration <name>\`.'));
  }
}
`,
  { flag: 'wx' },
);

const list = `${directory}migrations.ts`;
const source = readFileSync(list, 'utf8');
const imports = source.lastIndexOf("';\n", source.indexOf('/**')) + 3;
const withImport = `${source.slice(0, imports)}import { ${className} } from './${number}-${name}.js';\n${source.slice(imports)}`;
writeFileSync(list, withImport.replace(/\];\n$/, `, ${className}];\n`).replace(/\[, /, '['));
console.log(`Write its SQL (the same for the embedded database and PostgreSQL) in ${file}`);
