import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Controller, HttpCode, Post } from '@nestjs/common';
import { AcceptsBytes, Bytes, type BytesBody } from '../../../src/platform/http/bytes-body.js';
import { eventually } from '../../support/eventually.js';
import { startHttpApp, type HttpTestApp } from '../../support/http-app.js';

const MiB = 1_048_576;

@Controller('files')
class FilesController {
  @Post()
  @HttpCode(200)
  @AcceptsBytes({ types: ['image/png'], limit: 4 * MiB, form: true })
  take(@Bytes() { content, fields }: BytesBody) {
    return { size: content.length, fields };
  }
}

describe('large bodies', () => {
  let http: HttpTestApp;
  beforeAll(async () => {
    http = await startHttpApp({ controllers: [FilesController] });
  });
  afterAll(() => http.close());

  /** Sends the headers and no body. */
  const announce = (headers: Record<string, string | number>): ClientRequest => {
    const request = httpRequest(`${http.url}/files`, { method: 'POST', agent: false, headers });
    request.on('error', () => {});
    request.flushHeaders();
    return request;
  };
  const answerTo = async (request: ClientRequest): Promise<IncomingMessage> => {
    const [answer] = (await once(request, 'response', { signal: AbortSignal.timeout(20_000) })) as [
      IncomingMessage,
    ];
    return answer;
  };

  it.each(['application/json', 'application/merge-patch+json', 'application/zip'])(
    'of the type %s are refused before they have come, where a route takes pictures',
    async (type) => {
      const request = announce({ 'content-type': type, 'content-length': 3 * MiB });
      expect((await answerTo(request)).statusCode).toBe(415);
      request.destroy();
    },
  );

  const form = (parts: number): { body: string; headers: Record<string, string> } => ({
    headers: { 'content-type': 'multipart/form-data; a="; boundary=b"; boundary=x' },
    body: [
      '--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\nbytes\r\n',
      ...Array.from(
        { length: parts - 1 },
        (_, n) => `--x\r\ncontent-disposition: form-data; name="${n}"\r\n\r\n\r\n`,
      ),
      '--x--\r\n',
    ].join(''),
  });
  const send = async (parts: number) => http.fetch('/files', { method: 'POST', ...form(parts) });

  it('of a form may have 20 parts', async () => {
    const answer = await send(20);
    expect([answer.status, ((await answer.json()) as { size: number }).size]).toEqual([200, 5]);
  });

  it('of too many parts are not taken apart', async () => {
    const parsed = jest.spyOn(Response.prototype, 'formData');
    const answers = [await send(21), await send(60_000)];
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
    expect(parsed).not.toHaveBeenCalled();
    parsed.mockRestore();
  });

  const large = { 'content-type': 'image/png', 'content-length': 2 * MiB };

  it('are read a few at once; the next is told when to come again, and small ones are never refused', async () => {
    const held = Array.from({ length: 17 }, () => announce(large));
    const refused = await Promise.race(held.map(answerTo));
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    const post = (size: number) =>
      http.fetch('/files', {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body: new Uint8Array(size),
      });
    expect((await post(MiB)).status).toBe(200);
    for (const request of held) request.destroy();
    const room = await eventually('room for a large body', async () => {
      const { status } = await post(2 * MiB);
      return status === 200 || undefined;
    });
    expect(room).toBe(true);
  });
});
