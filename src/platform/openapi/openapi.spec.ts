import { Body, Controller, Delete, Get, HttpCode, Module, Param, Patch, Post, Query } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiProperty, ApiResponse, type OpenAPIObject } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { AdminOnly, Public } from '../actor/actor.decorators.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { describeIfMatch } from './if-match.header.js';
import { setupOpenApi } from './openapi.js';

// The build writes most of these decorators itself; here they are written out, because tests run from source.
class NoteQuery {
  @ApiProperty({ type: Number, default: 25 })
  @IsInt()
  limit = 25;
}

class NotePatch {
  @ApiProperty({ type: String, nullable: true, required: false })
  @IsOptional()
  @IsString()
  text?: string | null;

  @ApiProperty({ type: [Number], required: false })
  @IsOptional()
  @IsInt({ each: true })
  lines?: number[];
}

class Note {
  @ApiProperty({ type: String })
  text!: string;

  @ApiProperty({ type: String, nullable: true })
  archivedAt!: string | null;

  @ApiProperty({ type: () => [[Number]] })
  grid!: number[][];
}

@Controller('notes')
class NotesController {
  @Public()
  @Get()
  @ApiResponse({ status: 200, type: [Note] })
  list(@Query() { limit }: NoteQuery): Note[] {
    return [{ text: String(limit), archivedAt: null, grid: [] }];
  }

  @Idempotent()
  @Post()
  @ApiResponse({ status: 201, type: Note })
  create(@Body() { text }: NotePatch): Note {
    return { text: text ?? '', archivedAt: null, grid: [] };
  }

  @Patch(':id')
  @ApiResponse({ status: 200, type: Note })
  @ApiResponse({ status: 409, description: 'Somebody else took that text.' })
  update(
    @Param('id') text: string,
    @Body() _patch: NotePatch,
    @describeIfMatch({ required: true }) _ifMatch?: string,
  ): Note {
    return { text, archivedAt: null, grid: [] };
  }

  @AdminOnly()
  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') _id: string): void {}
}

@Module({ imports: [DiscoveryModule], controllers: [NotesController] })
class NotesModule {}

let app: NestFastifyApplication;
let document: OpenAPIObject;

beforeAll(async () => {
  app = await NestFactory.create<NestFastifyApplication>(NotesModule, new FastifyAdapter(), {
    logger: false,
  });
  setupOpenApi(app, { version: '1.2.3' });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  document = (await app.inject('/openapi.json')).json<OpenAPIObject>();
});

afterAll(() => app.close());

const responsesOf = (path: string, method: 'get' | 'post' | 'patch' | 'delete') =>
  Object.keys(document.paths[path]?.[method]?.responses ?? {});

test('the document is valid OpenAPI 3.1 and carries the version', async () => {
  expect(await new Validator().validate(document as never)).toEqual({ valid: true });
  expect(document.openapi).toBe('3.1.0');
  expect(document.info.version).toBe('1.2.3');
});

test('a route needs a bearer token unless it is public', () => {
  expect(document.security).toEqual([{ bearer: [] }]);
  expect(document.paths['/notes']?.get?.security).toEqual([]);
  expect(document.paths['/notes/{id}']?.patch?.security).toBeUndefined();
});

test('every operation says how it refuses, as problem documents', () => {
  expect(responsesOf('/notes', 'get')).toEqual(['200', '400', 'default']);
  expect(responsesOf('/notes/{id}', 'patch')).toEqual([
    '200',
    '400',
    '401',
    '404',
    '409',
    '412',
    '413',
    '415',
    '428',
    'default',
  ]);
  expect(responsesOf('/notes/{id}', 'delete')).toEqual(['204', '401', '403', '404', 'default']);
  expect(document.paths['/notes/{id}']?.patch?.responses['409']).toEqual({
    description: 'Somebody else took that text.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
});

test('a parameter with a default is optional, and whole numbers are integers', () => {
  expect(document.paths['/notes']?.get?.parameters).toEqual([
    { name: 'limit', in: 'query', required: false, schema: { type: 'integer', default: 25 } },
  ]);
  expect(document.components?.schemas?.NotePatch).toMatchObject({
    properties: { lines: { type: 'array', items: { type: 'integer' } } },
  });
});

test('an idempotent route says how to retry it', () => {
  expect(document.paths['/notes']?.post?.parameters).toMatchObject([
    { name: 'Idempotency-Key', in: 'header', required: false },
  ]);
  expect(responsesOf('/notes', 'post')).toEqual(['201', '400', '401', '409', '413', '415', '422', 'default']);
});

test('nullable members and moments are said the 3.1 way', () => {
  expect(document.components?.schemas?.Note).toEqual({
    type: 'object',
    properties: {
      text: { type: 'string' },
      archivedAt: { type: ['string', 'null'], format: 'date-time' },
      grid: { type: 'array', items: { type: 'array', items: { type: 'number' } } },
    },
    required: ['text', 'archivedAt', 'grid'],
  });
});

test('a PATCH takes merge patches', () => {
  expect(document.paths['/notes/{id}']?.patch?.requestBody).toMatchObject({
    content: {
      'application/merge-patch+json': { schema: { $ref: '#/components/schemas/NotePatch' } },
      'application/json': { schema: { $ref: '#/components/schemas/NotePatch' } },
    },
  });
});

test('the pages are served without anything from elsewhere', async () => {
  const page = await app.inject('/docs');
  expect(page.statusCode).toBe(200);
  expect(page.body).not.toMatch(/(?:src|href)=["']https?:/);
  const script = await app.inject('/docs/swagger-ui-bundle.js');
  expect(script.statusCode).toBe(200);
});
