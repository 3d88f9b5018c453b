import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { PROBLEM_CONTENT, problemResponses, problemSchemas } from './problem.schema.js';
import type { RouteNotes } from './route-notes.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type JsonObject = Record<string, unknown>;

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'multipart/form-data';
const UNKNOWN_ROUTE: RouteNotes = { isPublic: false, adminOnly: false, idempotent: false };
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description:
    'A retry with the same key and body gets the first answer again, marked `Idempotency-Replayed: true`.',
  schema: { type: 'string' as const, minLength: 1 },
};

/** Adds to the generated document what holds for every operation, so that no controller has to repeat it. */
export function completeDocument(
  document: OpenAPIObject,
  notes: ReadonlyMap<string, RouteNotes>,
): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (!operation) continue;
      const note = notes.get(operation.operationId ?? '') ?? UNKNOWN_ROUTE;
      if (note.isPublic) operation.security = [];
      if (note.idempotent) operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
      relaxDefaultedParameters(operation);
      if (method === 'patch') acceptMergePatch(operation);
      describeForm(operation);
      describeAnswers(operation, note);
    }
  }
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...problemSchemas },
    responses: { ...document.components?.responses, ...problemResponses },
  };
  repairSchemas(document);
  return document;
}

/** A parameter with a default may be left out, whatever its TypeScript type says. */
function relaxDefaultedParameters({ parameters = [] }: Operation): void {
  for (const parameter of parameters) {
    if ('schema' in parameter && parameter.schema && 'default' in parameter.schema)
      parameter.required = false;
  }
}

function acceptMergePatch({ requestBody }: Operation): void {
  if (!requestBody || !('content' in requestBody)) return;
  const json = requestBody.content[JSON_TYPE];
  if (json) requestBody.content = { 'application/merge-patch+json': json, [JSON_TYPE]: json };
}

/** A form is the same bytes as its one file, and may have texts beside it. */
function describeForm({ requestBody }: Operation): void {
  if (!requestBody || !('content' in requestBody) || !requestBody.content[FORM_TYPE]) return;
  requestBody.content[FORM_TYPE].schema = {
    type: 'object',
    properties: { file: { type: 'string', format: 'binary' } },
    required: ['file'],
    additionalProperties: { type: 'string' },
  };
}

function describeAnswers(operation: Operation, { isPublic, adminOnly, idempotent }: RouteNotes): void {
  const parameters = (operation.parameters ?? []).filter((parameter) => 'in' in parameter);
  const hasBody = operation.requestBody !== undefined;
  const refusals = [
    ...(hasBody || parameters.some((parameter) => parameter.in === 'query') ? [400] : []),
    ...(isPublic ? [] : [401]),
    ...(adminOnly ? [403] : []),
    ...(parameters.some((parameter) => parameter.in === 'path') ? [404] : []),
    ...(idempotent ? [409] : []),
    ...(hasBody ? [413, 415] : []),
    ...(idempotent ? [422] : []),
  ];
  for (const status of refusals) operation.responses[status] ??= { description: '' };
  for (const [status, response] of Object.entries(operation.responses)) {
    if (!response || '$ref' in response) continue;
    response.description ||= STATUS_CODES[status] ?? status;
    if (Number(status) >= 400) response.content ??= PROBLEM_CONTENT;
  }
  operation.responses.default ??= { $ref: '#/components/responses/Problem' };
}

/** Walks every schema: moments get their format, and what the generator leaves behind of its own options goes. */
function repairSchemas(node: unknown): void {
  if (Array.isArray(node)) return node.forEach(repairSchemas);
  if (typeof node !== 'object' || node === null) return;
  const object = node as JsonObject;
  // `required: true` belongs to parameters and bodies; inside the items of a nested array it is not JSON Schema.
  if (typeof object.required === 'boolean' && !('in' in object) && !('content' in object))
    delete object.required;
  if (isObject(object.properties)) Object.entries(object.properties).forEach(nameMoment);
  Object.values(object).forEach(repairSchemas);
}

/** `createdAt: string` is RFC 3339 everywhere in this API. */
function nameMoment([name, schema]: [string, unknown]): void {
  if (!/[a-z]At$/.test(name) || !isObject(schema)) return;
  if ([schema.type].flat().includes('string') && !('enum' in schema)) schema.format ??= 'date-time';
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
