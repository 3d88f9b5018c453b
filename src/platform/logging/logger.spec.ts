import { StartupError } from '../errors/startup-error.js';
import { runInRequestContext } from '../http/request-context.js';
import { createLogger, type JsonLogger } from './logger.js';

describe('createLogger', () => {
  let lines: string[];
  let logger: JsonLogger;
  beforeEach(() => {
    lines = [];
    logger = createLogger({ level: 'debug' }, { write: (line) => void lines.push(line) });
  });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown>;

  it('writes one JSON line with level, time, message and the context that Nest appends', () => {
    logger.log('started', 'Rapport');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ level: 'info', msg: 'started', context: 'Rapport' });
    expect(last()['time']).toMatch(/^\d{4}-.*Z$/);
  });

  it("keeps Nest's account of every module and route for those who debug", () => {
    logger.log('CacheModule dependencies initialized', 'InstanceLoader');
    expect(last()).toMatchObject({ level: 'debug' });
  });

  it('leaves what stops a start to the process, which tells it with its fix', () => {
    logger.error(new StartupError('The port is taken.', 'Choose another.'), 'ExceptionHandler');
    expect(last()).toMatchObject({ level: 'debug' });
  });

  it('puts the request id on every line of a request', async () => {
    await runInRequestContext({ requestId: 'r-1', queries: 0 }, async () => {
      await Promise.resolve();
      logger.warn({ msg: 'slow', ms: 5 });
    });
    expect(last()).toMatchObject({ level: 'warn', msg: 'slow', ms: 5, requestId: 'r-1' });
  });

  it('writes an error with its stack and its causes', () => {
    logger.error(new Error('outer', { cause: new Error('inner') }), 'Http');
    expect(last()).toMatchObject({ msg: 'outer', err: { message: 'outer', cause: { message: 'inner' } } });
    logger.error('text', 'Error: x\n    at y', 'Http');
    expect(last()).toMatchObject({ msg: 'text', stack: 'Error: x\n    at y', context: 'Http' });
  });

  it('is silent below its level', () => {
    logger.verbose('detail');
    expect(lines).toEqual([]);
  });

  it.each([
    { authorization: 'S3CRET' },
    { headers: { Cookie: 'S3CRET', 'set-cookie': ['S3CRET'] } },
    { user: { password: 'S3CRET', passwordHash: 'S3CRET' } },
    { tokens: [{ accessToken: 'S3CRET', refresh_token: 'S3CRET' }] },
    { a: { b: { c: { apiKey: 'S3CRET', 'X-Api-Key': 'S3CRET', clientSecret: 'S3CRET' } } } },
    { text: 'S3CRET', prompt: 'S3CRET', body: { x: 'S3CRET' } },
    {
      err: Object.assign(new Error('query'), {
        parameters: ['S3CRET'],
        driverError: { detail: 'Key (S3CRET)' },
      }),
    },
    {
      err: new Error('no', {
        cause: Object.assign(new Error('OOM'), { command: { name: 'evalsha', args: ['key', 'S3CRET'] } }),
      }),
    },
    { err: new Error("ERR unknown command 'EVALSHA', with args beginning with: 'key' 'S3CRET' ") },
    { url: 'postgres://user:S3CRET@host/db' },
    { err: new Error('connect redis://user:S3CRET@host') },
    { note: 'sent Bearer S3CRETS3CRET to it' },
  ])('keeps secrets and words of users out: %j', (fields) => {
    logger.log({ msg: 'm', ...fields });
    logger.error('err' in fields ? fields.err : fields);
    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain('S3CRET');
  });

  it('survives circular, deep and huge values', () => {
    const circular: Record<string, unknown> = { list: Array.from({ length: 10_000 }, (_, index) => index) };
    circular['self'] = circular;
    logger.log({ msg: 'm', circular, big: 5n, bytes: Buffer.alloc(1000) });
    expect(lines[0]?.length).toBeLessThan(2000);
  });
});
