import type { OpenAPIObject } from '@nestjs/swagger';

type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;
type Responses = NonNullable<NonNullable<OpenAPIObject['components']>['responses']>;

export const PROBLEM_CONTENT = {
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
};

/** RFC 9457 with the members of this API. Written by hand: the type is open, which classes cannot say. */
export const problemSchemas: Schemas = {
  FieldError: {
    type: 'object',
    description: 'One fault inside a request.',
    properties: {
      pointer: { type: 'string', description: 'RFC 6901 fragment of the faulty value.', example: '#/text' },
      code: { type: 'string', example: 'is-length' },
      detail: { type: 'string' },
    },
    required: ['pointer', 'code', 'detail'],
  },
  Problem: {
    type: 'object',
    description: 'RFC 9457 problem details. Switch on `code`; some codes add members of their own.',
    properties: {
      type: { type: 'string', format: 'uri-reference', example: '/problems/not-found' },
      title: { type: 'string', description: 'The same for every occurrence of the code.' },
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: { type: 'string', description: 'What happened this time and what to do about it.' },
      instance: { type: 'string', format: 'uri-reference' },
      code: { type: 'string', example: 'not-found' },
      requestId: { type: 'string', description: 'Leads to the log entries of this request.' },
      retryAfterMs: { type: 'integer', minimum: 0, description: 'When trying again makes sense.' },
      errors: { type: 'array', items: { $ref: '#/components/schemas/FieldError' } },
    },
    required: ['type', 'title', 'status', 'detail', 'code'],
    additionalProperties: true,
  },
};

export const problemResponses: Responses = {
  Problem: { description: 'Any other refusal or failure.', content: PROBLEM_CONTENT },
};
