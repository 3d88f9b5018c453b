import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsString, MaxLength, ValidateNested } from 'class-validator';
import { request as httpRequest } from 'node:http';
import { IdParam } from '../../../src/platform/http/id-param.pipe.js';
import {
  assertMatch,
  IfMatch,
  IfMatchRequired,
  type Precondition,
} from '../../../src/platform/http/if-match.js';
import { NoStore } from '../../../src/platform/http/answer-headers.js';
import { Produces } from '../../../src/platform/http/produces.interceptor.js';
import type { Problem } from '../../../src/platform/http/problem.js';
import { requestContext } from '../../../src/platform/http/request-context.js';
import { validateDto } from '../../../src/platform/http/validation.pipe.js';
import { Versioned } from '../../../src/platform/http/versioned.interceptor.js';
import { PageQuery } from '../../../src/platform/pagination/page.dto.js';
import { startHttpApp, type HttpTestApp } from '../../support/http-app.js';

class Tag {
  @IsString()
  @MaxLength(5)
  name!: string;
}

class Thing {
  @IsString()
  title!: string;

  @IsArray()
  @ArrayMaxSize(2)
  @ValidateNested({ each: true })
  @Type(() => Tag)
  tags: Tag[] = [];
}

const driverFault = (code: string): Error =>
  Object.assign(new Error('query failed: SELECT secret'), {
    driverError: Object.assign(new Error('x'), { code }),
  });

@Controller('things')
class ThingsController {
  @Get()
  list(@Query() query: PageQuery): PageQuery {
    return query;
  }

  @Post()
  create(@Body() thing: Thing): object {
    return { thing, requestId: requestContext()?.requestId };
  }

  @Get('plain')
  plain(): object {
    requestContext()!.queries += 2;
    return { a: 1 };
  }

  @Get('kept')
  @NoStore()
  secret(): object {
    return { token: 'x' };
  }

  @Get('events')
  @Produces('text/event-stream')
  events(): string {
    return '';
  }

  @Get('broken')
  broken(): object {
    throw new Error('SELECT * FROM passwords');
  }

  @Get('unreachable')
  unreachable(): object {
    throw driverFault('ECONNREFUSED');
  }

  @Get('buggy')
  buggy(): object {
    throw driverFault('42P01');
  }

  @Get(':id')
  @Versioned()
  get(@Param('id', IdParam) id: string): object {
    return { id, version: 3 };
  }

  @Patch(':id')
  patch(@IfMatch() ifMatch: Precondition | undefined, @Body() body: Record<string, unknown>): object {
    assertMatch(3, ifMatch);
    return body;
  }

  @Put(':id')
  put(@IfMatchRequired() ifMatch: Precondition): object {
    assertMatch(3, ifMatch);
    return {};
  }

  @Delete(':id')
  @HttpCode(204)
  remove(): void {}
}

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const JSON_TYPE = { 'content-type': 'application/json' };

describe('HTTP conventions', () => {
  let http: HttpTestApp;
  const lines: string[] = [];
  beforeAll(async () => {
    http = await startHttpApp({
      controllers: [ThingsController],
      settings: { corsOrigins: ['https://app.example.com'] },
      log: (line) => lines.push(line),
    });
  });
  afterAll(() => http.close());

  const post = (body: string, headers: Record<string, string> = JSON_TYPE): Promise<Response> =>
    http.fetch('/things', { method: 'POST', headers, body });
  const problemOf = async (response: Response): Promise<Problem> => (await response.json()) as Problem;

  describe('request ids', () => {
    it('echoes a usable id and replaces others', async () => {
      const echoed = async (id: string): Promise<string | null> =>
        (await http.fetch('/things/plain', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
      expect(await echoed('trace-1.2:3')).toBe('trace-1.2:3');
      expect(await echoed('a b')).not.toBe('a b');
      expect(await echoed('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('reach code behind the controller, also after a body was read', async () => {
      const response = await post('{"title":"a"}', { ...JSON_TYPE, 'x-request-id': 'r-1' });
      expect(await response.json()).toMatchObject({ requestId: 'r-1' });
    });

    it('keep concurrent requests apart', async () => {
      const ids = Array.from({ length: 20 }, (_, index) => `r-${index}`);
      const answers = await Promise.all(
        ids.map(async (id) => {
          const response = await post('{"title":"a"}', { ...JSON_TYPE, 'x-request-id': id });
          return ((await response.json()) as { requestId: string }).requestId;
        }),
      );
      expect(answers).toEqual(ids);
    });
  });

  describe('problems', () => {
    it('hide what went wrong inside, and log it with the request id', async () => {
      const response = await http.fetch('/things/broken', { headers: { 'x-request-id': 'r-broken' } });
      expect(response.status).toBe(500);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      const text = await response.text();
      expect(text).not.toContain('SELECT');
      expect(JSON.parse(text)).toMatchObject({
        type: '/problems/internal',
        code: 'internal',
        status: 500,
        instance: '/things/broken',
        requestId: 'r-broken',
      });
      const logged = lines.filter(
        (line) => line.includes('r-broken') && line.includes('SELECT * FROM passwords'),
      );
      expect(logged).toHaveLength(1);
    });

    it('say 503 with Retry-After while the database is away, 500 for a wrong query', async () => {
      const away = await http.fetch('/things/unreachable');
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await problemOf(away)).toMatchObject({ code: 'unavailable', retryAfterMs: 1000 });
      expect((await http.fetch('/things/buggy')).status).toBe(500);
    });

    it('answer unknown paths with 404, known ones with another method with 405 and Allow', async () => {
      const unknown = await http.fetch('/nowhere?token=abc');
      expect(unknown.status).toBe(404);
      expect(await problemOf(unknown)).toMatchObject({ code: 'not-found', instance: '/nowhere' });
      const wrong = await http.fetch(`/things/${ID}`, { method: 'POST' });
      expect(wrong.status).toBe(405);
      expect(wrong.headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH, PUT');
      expect(await problemOf(wrong)).toMatchObject({ code: 'method-not-allowed' });
    });

    it.each<[string, string, Record<string, string>, number, string]>([
      ['malformed JSON', '{"title":', JSON_TYPE, 400, 'validation-failed'],
      ['an empty body', '', JSON_TYPE, 400, 'validation-failed'],
      ['a poisoned prototype', '{"__proto__":{"a":1}}', JSON_TYPE, 400, 'validation-failed'],
      ['a body over the limit', `"${'x'.repeat(1_048_576)}"`, JSON_TYPE, 413, 'payload-too-large'],
      ['another media type', '<a/>', { 'content-type': 'text/xml' }, 415, 'unsupported-media-type'],
    ])('refuse %s', async (_case, body, headers, status, code) => {
      const response = await post(body, headers);
      expect(response.status).toBe(status);
      expect(await problemOf(response)).toMatchObject({ code, status });
    });

    it('answer a malformed path with a problem and a request id', async () => {
      const response = await http.fetch('/things/%zz');
      expect(response.status).toBe(400);
      expect(response.headers.get('x-request-id')).toBeTruthy();
      expect(await problemOf(response)).toMatchObject({ code: 'validation-failed' });
    });

    it('say 406 when the client accepts nothing that the route gives', async () => {
      const status = async (path: string, accept: string): Promise<number> =>
        (await http.fetch(path, { headers: { accept } })).status;
      expect(await status('/things/plain', 'text/html')).toBe(406);
      expect(await status('/things/plain', 'text/html, application/*;q=0.1')).toBe(200);
      expect(await status('/things/plain', '*/*, application/json;q=0')).toBe(406);
      expect(await status('/things/events', 'application/json')).toBe(406);
      expect(await status('/things/events', 'text/event-stream')).toBe(200);
    });
  });

  describe('validation', () => {
    it('points at every fault, nested ones included', async () => {
      const response = await post(
        '{"title":5,"tags":[{"name":"a"},{"name":"toolong","x/y":1}],"colour":"red"}',
      );
      const { errors, code } = await problemOf(response);
      expect([response.status, code]).toEqual([400, 'validation-failed']);
      expect(errors?.map(({ pointer, code }) => `${pointer} ${code}`).sort()).toEqual([
        '#/colour unknown-field',
        '#/tags/1/name max-length',
        '#/tags/1/x~1y unknown-field',
        '#/title is-string',
      ]);
    });

    it.each(['[]', '5', '"x"', 'null'])('refuses the body %s', async (body) => {
      const response = await post(body);
      expect(response.status).toBe(400);
      expect((await problemOf(response)).errors?.[0]?.pointer).toMatch(/^#(\/title)?$/);
    });

    it('converts query text only as the class says', async () => {
      expect(await (await http.fetch('/things?limit=7&order=asc')).json()).toEqual({
        limit: 7,
        order: 'asc',
      });
      for (const query of ['limit=0', 'limit=101', 'limit=x', 'limit=1&limit=2', 'order=up', 'page=2']) {
        const response = await http.fetch(`/things?${query}`);
        expect(response.status).toBe(400);
        expect((await problemOf(response)).errors?.[0]?.pointer).toMatch(/^#\/query\//);
      }
    });

    it('treats an id of the wrong form as an id that nothing has', async () => {
      expect((await http.fetch('/things/not-an-id')).status).toBe(404);
    });
  });

  describe('entity tags', () => {
    it('are the version where there is one, else a hash of the bytes', async () => {
      expect((await http.fetch(`/things/${ID}`)).headers.get('etag')).toBe('"3"');
      const first = (await http.fetch('/things/plain')).headers.get('etag');
      expect(first).toMatch(/^"[\w-]{22}"$/);
      expect((await http.fetch('/things/plain')).headers.get('etag')).toBe(first);
      expect((await http.fetch('/things?limit=9')).headers.get('etag')).not.toBe(first);
    });

    it('turn a repeated read into 304 without a body', async () => {
      for (const tag of ['"3"', 'W/"3"', '"1", "3"', '*']) {
        const response = await http.fetch(`/things/${ID}`, { headers: { 'if-none-match': tag } });
        expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([
          304,
          '"3"',
          '',
        ]);
        expect(response.headers.get('content-type')).toBeNull();
      }
      for (const tag of ['"4"', '3', '']) {
        expect((await http.fetch(`/things/${ID}`, { headers: { 'if-none-match': tag } })).status).toBe(200);
      }
    });

    it('are not given to errors, writes or what must not be stored', async () => {
      for (const response of [
        await http.fetch('/things/broken'),
        await post('{"title":"a"}'),
        await http.fetch('/things/kept'),
      ]) {
        expect(response.headers.get('etag')).toBeNull();
        expect(response.headers.get('cache-control')).toBe('no-store');
      }
    });

    it.each([
      [undefined, 200],
      ['"3"', 200],
      ['"2", "3"', 200],
      ['*', 200],
      ['"2"', 412],
      ['W/"3"', 412],
      ['3', 412],
      ['"3" "4"', 412],
    ])('If-Match %s on a PATCH gives %i', async (tag, status) => {
      const headers = { ...JSON_TYPE, ...(tag === undefined ? {} : { 'if-match': tag }) };
      expect((await http.fetch(`/things/${ID}`, { method: 'PATCH', headers, body: '{}' })).status).toBe(
        status,
      );
    });

    it('are demanded where a blind write would lose work', async () => {
      const put = async (headers: Record<string, string>): Promise<number> =>
        (await http.fetch(`/things/${ID}`, { method: 'PUT', headers, body: '{}' })).status;
      expect(await put(JSON_TYPE)).toBe(428);
      expect(await put({ ...JSON_TYPE, 'if-match': '"3"' })).toBe(200);
    });
  });

  describe('headers', () => {
    it('let only the caller keep an answer made for them', async () => {
      const own = await http.fetch('/things/plain', { headers: { 'x-actor': 'u1' } });
      expect(own.headers.get('cache-control')).toBe('private, no-cache');
      expect(own.headers.get('vary')).toMatch(/Authorization/);
      const anonymous = await http.fetch('/things/plain');
      expect(anonymous.headers.get('cache-control')).toBe('no-cache');
    });

    it('tell how many queries an answer took', async () => {
      expect((await http.fetch('/things/plain')).headers.get('server-timing')).toBe('db;desc="2 queries"');
    });

    it('protect browsers, on errors too', async () => {
      for (const path of ['/things/plain', '/nowhere', '/things/%zz']) {
        const { headers } = await http.fetch(path);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      }
    });

    it('open the API to listed origins only', async () => {
      const origin = async (value: string): Promise<string | null> =>
        (await http.fetch('/things/plain', { headers: { origin: value } })).headers.get(
          'access-control-allow-origin',
        );
      expect(await origin('https://app.example.com')).toBe('https://app.example.com');
      expect(await origin('https://evil.example.com')).toBeNull();
      const preflight = await http.fetch('/things', {
        method: 'OPTIONS',
        headers: { origin: 'https://app.example.com', 'access-control-request-method': 'PATCH' },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    });
  });

  it('reads merge patches and plain JSON alike', async () => {
    for (const type of ['application/merge-patch+json', 'application/json']) {
      const init = { method: 'PATCH', headers: { 'content-type': type }, body: '{"bio":null}' };
      expect(await (await http.fetch(`/things/${ID}`, init)).json()).toEqual({ bio: null });
    }
  });

  it('answers HEAD like GET without the body', async () => {
    const get = await http.fetch('/things/plain');
    const head = await http.fetch('/things/plain', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  });

  it('takes an empty body for none, whatever the client announces', async () => {
    const init = { method: 'DELETE', headers: JSON_TYPE };
    expect((await http.fetch(`/things/${ID}`, init)).status).toBe(204);
    const { errors } = await problemOf(await post(''));
    expect(errors).toMatchObject([{ pointer: '#/title' }]);
  });

  it('refuses documents nested beyond reason', async () => {
    const response = await post(`{"title":"a","x":${'['.repeat(5000)}${']'.repeat(5000)}}`);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).detail).toContain('nested');
    await expect(
      validateDto(Thing, JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)),
    ).rejects.toMatchObject({
      code: 'validation-failed',
    });
  });

  it('answers 204 without a body', async () => {
    const response = await http.fetch(`/things/${ID}`, { method: 'DELETE' });
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it('finds routes with a trailing slash', async () => {
    expect((await http.fetch('/things/plain/')).status).toBe(200);
  });

  it('logs one line per request with its route, never with its query', async () => {
    lines.length = 0;
    await http.fetch('/things?limit=3', {
      headers: { 'x-request-id': 'r-logged', authorization: 'Bearer abcdefgh12' },
    });
    const own = lines.filter((line) => line.includes('r-logged'));
    expect(own).toHaveLength(1);
    expect(JSON.parse(own[0]!)).toMatchObject({
      method: 'GET',
      route: '/things',
      status: 200,
      requestId: 'r-logged',
    });
    expect(own[0]).not.toContain('limit');
    expect(own[0]).not.toContain('abcdefgh12');
  });

  it('survives a client that leaves in the middle of its body, and logs it', async () => {
    lines.length = 0;
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${http.url}/things`, {
        method: 'POST',
        headers: { ...JSON_TYPE, 'content-length': 100 },
      });
      request.on('error', () => resolve());
      request.write('{"ti', () => request.destroy(new Error('left')));
    });
    expect((await http.fetch('/things/plain')).status).toBe(200);
    const logged = (): string[] => lines.filter((line) => line.includes('"method":"POST"'));
    for (const end = Date.now() + 5000; logged().length === 0 && Date.now() < end;) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(logged()).toEqual([expect.stringContaining('"aborted":true')]);
  });
});
