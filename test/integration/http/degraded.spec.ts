import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Degradations } from '../../../src/platform/degraded/degradations.js';
import { SseConnections } from '../../../src/platform/http/sse-connections.js';
import { Metrics } from '../../../src/platform/metrics/metrics.js';
import { startHttpApp, type HttpTestApp } from '../../support/http-app.js';

@Controller('things')
class ThingsController {
  constructor(private readonly streams: SseConnections) {}

  @Get('stream')
  async stream(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.streams.stream(reply, request, async function* () {
      yield { event: 'only', data: 1 };
    });
  }

  @Get(':id')
  get(): object {
    return { a: 1 };
  }

  @Post()
  create(): object {
    throw new Error('broken');
  }
}

describe('an answer while something is degraded', () => {
  let app: HttpTestApp;
  const degraded = new Set<string>();

  beforeAll(async () => {
    app = await startHttpApp({ controllers: [ThingsController] });
    const degradations = app.app.get(Degradations);
    for (const feature of ['events', 'cache']) degradations.watch(feature, () => degraded.has(feature));
  });
  beforeEach(() => degraded.clear());
  afterAll(() => app.close());

  /** What the next look of the application finds. */
  function become(...features: string[]): void {
    features.forEach((feature) => degraded.add(feature));
    const degradations = app.app.get(Degradations);
    degradations.onApplicationShutdown();
    degradations.onApplicationBootstrap();
  }

  const named = async (path: string, init?: RequestInit): Promise<string | null> => {
    const answer = await app.fetch(path, init);
    await answer.text();
    return answer.headers.get('x-degraded');
  };

  it.each([
    ['an answer', '/things/1', {}],
    ['an event stream', '/things/stream', {}],
    ['an error', '/things', { method: 'POST' }],
    ['a path that is none', '/nothing', {}],
    ['an unchanged answer', '/things/1', { headers: { 'if-none-match': '*' } }],
  ])('names it: %s', async (_what, path, init) => {
    become();
    expect(await named(path, init)).toBeNull();
    become('events', 'cache');
    expect(await named(path, init)).toBe('cache,events');
  });
});

describe('the durations of requests', () => {
  let app: HttpTestApp;
  beforeAll(async () => (app = await startHttpApp({ controllers: [ThingsController] })));
  afterAll(() => app.close());

  it('are counted by the pattern of the route and the status, so that ids make no series', async () => {
    for (const path of ['/things/1', '/things/2', '/things/stream', '/nothing', '/nowhere/3'])
      await (await app.fetch(path)).text();
    const text = await app.app.get(Metrics).render();
    const counts = text.split('\n').filter((line) => line.includes('http_request_duration_seconds_count'));
    expect(counts.sort()).toEqual([
      'rapport_http_request_duration_seconds_count{method="(any)",route="(none)",status="404"} 2',
      'rapport_http_request_duration_seconds_count{method="GET",route="/things/:id",status="200"} 2',
      'rapport_http_request_duration_seconds_count{method="GET",route="/things/stream",status="200"} 1',
    ]);
  });
});
