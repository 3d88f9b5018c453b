import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { sharedService, START_MS } from '../support/service.js';

interface Operation {
  operationId: string;
  summary?: string;
  responses: Record<string, { content?: Record<string, { schema?: object }> }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

let url: string;
let document: Document;

beforeAll(async () => {
  url = await sharedService();
  document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
}, START_MS);

const operations = (): [name: string, operation: Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  );

test('the built server serves a valid OpenAPI 3.1 document', async () => {
  expect(await new Validator().validate(document as never)).toEqual({ valid: true });
  expect(document.openapi).toBe('3.1.0');
});

test('docs/openapi.json is what the server serves; "npm run generate:docs" renews it', () => {
  expect(JSON.parse(readFileSync('docs/openapi.json', 'utf8'))).toEqual(document);
});

test('every operation has a summary and an id of its own', () => {
  expect(
    operations()
      .filter(([, { summary }]) => !summary)
      .map(([name]) => name),
  ).toEqual([]);
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('every answer with a body says what is in it', () => {
  const silent = operations().flatMap(([name, { responses }]) =>
    Object.entries(responses)
      .filter(([status]) => ['200', '201', '202'].includes(status))
      .filter(([, { content = {} }]) => !Object.values(content).some(({ schema }) => schema !== undefined))
      .map(([status]) => `${name} ${status}`),
  );
  expect(silent).toEqual([]);
});

test('no two DTO classes share a name, for the second would replace the first in the document', () => {
  const names = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.dto.ts'))
    .flatMap((file) => [
      ...readFileSync(join('src', file), 'utf8').matchAll(/^export (?:abstract )?class (\w+)/gm),
    ])
    .map(([, name]) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test('the pages at /docs load', async () => {
  const page = await fetch(`${url}/docs`);
  expect([page.status, page.headers.get('content-type')]).toEqual([
    200,
    expect.stringContaining('text/html'),
  ]);
});
