import { readFileSync } from 'node:fs';
import { Api } from '../support/api-client.js';
import { freePort } from '../support/server-process.js';
import { START_MS, startBuilt, type BuiltService } from '../support/service.js';

const TOKEN = 'a-token-of-the-monitoring';

describe('an instance whose Redis is not there', () => {
  let service: BuiltService | undefined;
  let api: Api;

  beforeAll(async () => {
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    service = await startBuilt({ REDIS_URL: nobody, METRICS_TOKEN: TOKEN });
    api = new Api(service.url);
  }, START_MS);

  afterAll(() => service?.stop());

  it('starts, is ready, and says in every answer what it does without', async () => {
    const features = ['cache', 'events', 'limits', 'presence'];
    const ready = await api.get<{ status: string; degraded: string[] }>('/readyz');
    expect(ready.status).toBe(200);
    expect(ready.body).toMatchObject({
      status: 'degraded',
      degraded: features,
      checks: { redis: { status: 'down' } },
    });
    for (const path of ['/readyz', '/livez', '/api/characters', '/api/auth/me', '/nothing'])
      expect((await api.get(path)).headers.get('x-degraded')).toBe(features.join(','));
  });

  it('tells in the health report what is wrong with Redis, without its address', async () => {
    const { body } = await api.get<{ redis: object }>('/api/health');
    expect(body.redis).toMatchObject({
      mode: 'redis',
      topology: 'single',
      status: 'connecting',
      writable: false,
    });
    expect(body.redis).toMatchObject({ reason: 'unreachable', memory: null });
    expect(JSON.stringify(body)).not.toContain('127.0.0.1');
  });

  it('shows its metrics to whoever has the token, in the format of Prometheus', async () => {
    expect((await api.get('/metrics')).status).toBe(401);
    expect((await api.get('/metrics', { authorization: 'Bearer a-guess' })).status).toBe(401);
    const scraped = await api.get<string>('/metrics', {
      authorization: `Bearer ${TOKEN}`,
      accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1',
    });
    expect([scraped.status, scraped.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    for (const feature of ['cache', 'events', 'limits', 'presence'])
      expect(scraped.body).toContain(`rapport_degraded{feature="${feature}"} 1`);
  });

  it('has exactly the metrics that docs/operations.md explains', async () => {
    const { body } = await api.get<string>('/metrics', { authorization: `Bearer ${TOKEN}` });
    const own = [...body.matchAll(/^# TYPE (rapport_\w+)/gm)]
      .map(([, name]) => name!)
      .filter((name) => !/^rapport_(?:nodejs|process)_/.test(name));
    const table = readFileSync('docs/operations.md', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `rapport_'));
    const explained = table.flatMap((line) =>
      [...line.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
    );
    expect(own.sort()).toEqual(explained.sort());
  });
});
