import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { watchStalls } from '../../libs/redis/src/testing/undisturbed.js';
import { newCharacter, newPerson, readReply, type Problem } from '../support/api-client.js';
import { eventually } from '../support/eventually.js';
import { startModelServer } from '../support/model-server.js';
import { START_MS, startEmbedded } from '../support/service.js';
import { LiveSocket, type Sent } from '../support/socket-client.js';

it(
  'at shutdown a reply that is under way is heard and can be stopped, over a socket and over SSE',
  async () => {
    const model = await startModelServer();
    const service = await startEmbedded({ AI_BASE_URL: model.url, AI_MODEL: 'echo' });
    const person = await newPerson(service.url);
    const { id: conversationId } = await person.converse((await newCharacter(person)).id);
    const socket = await LiveSocket.connect(service.url, person.token);
    const { generation } = await socket.get<Sent>('message:send', {
      conversationId,
      clientMessageId: 'the last one',
      text: 'Tell me at length',
    });
    const stream = readReply(await person.events(generation.eventsUrl));
    await socket.hears('reply.delta');

    const gone = new Promise<void>((resolve) => socket.socket.once('disconnect', () => resolve()));
    const stopping = service.stop();
    await socket.hears('server:draining');
    const heardBefore = socket.deltasOf(generation.id).length;
    await socket.hears('reply.delta', (delta) => socket.deltasOf(generation.id).indexOf(delta) > heardBefore);
    // Whether its ack still arrives is not promised: the socket goes when the reply has ended.
    socket.socket.emit('reply:cancel', { generationId: generation.id });
    const completed = await socket.hears('reply.completed');
    await Promise.all([stopping, gone]);

    const said = socket.textOf(generation.id);
    expect(completed.data.message).toMatchObject({ text: said, status: 'cancelled' });
    expect(await stream).toMatchObject({ text: said, last: { event: 'reply.completed' } });
    await model.stop();
  },
  START_MS,
);

it(
  'a server that is told to stop goes on serving, then takes on nothing that lasts, and cuts short what takes too long',
  async () => {
    const model = await startModelServer();
    // A reply may go on for 7 s after the signal: all of this has to happen before.
    const settings = { AI_BASE_URL: model.url, AI_MODEL: 'echo', DRAIN_DELAY: '1s', SHUTDOWN_GRACE: '12s' };
    const service = await startEmbedded(settings);
    const person = await newPerson(service.url);
    const { id: characterId } = await newCharacter(person);
    const { id } = await person.converse(characterId);
    const socket = await LiveSocket.connect(service.url, person.token);
    const gone = new Promise((resolve) => socket.socket.once('disconnect', resolve));
    const { generation } = (await person.say(id, 'Tell me at length')).body;
    const stream = readReply(await person.events(generation.eventsUrl));
    await eventually(
      'the reply to begin',
      async () =>
        (await person.get<{ length: number }>(`/api/generations/${generation.id}`)).body.length > 0 ||
        undefined,
    );
    const second = await person.converse(characterId);

    const stopping = service.stop();
    await eventually(
      'the probe to say so',
      async () => (await person.get('/readyz')).status === 503 || undefined,
    );
    const served = await person.get('/api/users/me');
    expect([served.status, served.headers.get('connection')]).toEqual([200, 'close']);

    const { reconnectInMs } = (await socket.hears('server:draining')) as unknown as { reconnectInMs: number };
    expect(reconnectInMs).toBeGreaterThanOrEqual(0);
    expect(reconnectInMs).toBeLessThanOrEqual(5_000);
    await expect(LiveSocket.connect(service.url, person.token)).rejects.toMatchObject({
      data: { status: 503, code: 'draining', retryAfterMs: expect.any(Number) as number },
    });
    const refused = await person.say(second.id, 'One more');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(refused.body as unknown as Problem).toMatchObject({ code: 'unavailable' });
    expect((await person.get(`/api/conversations/${id}`)).status).toBe(200);

    const { text, last } = await stream;
    expect(last).toMatchObject({ event: 'reply.failed', data: { text, error: { code: 'unavailable' } } });
    // To the official client a lost link, which it makes again by itself.
    expect(await gone).toBe('transport close');
    expect(await stopping).toBe(0);
    await model.stop();
  },
  START_MS,
);

it(
  'a server that is told to stop does not wait for connections that ask nothing',
  async () => {
    const service = await startEmbedded();
    const { hostname, port } = new URL(service.url);
    const silent = connect(Number(port), hostname);
    const unfinished = connect(Number(port), hostname);
    await Promise.all([once(silent, 'connect'), once(unfinished, 'connect')]);
    unfinished.write('GET /api/health HTTP/1.1\r\nHost: rapport\r\n');
    const closed = Promise.all([closeOf(silent), closeOf(unfinished)]);
    const [began, stalls] = [performance.now(), watchStalls()];
    expect(await service.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000 + stalls.totalMs());
    stalls.end();
    await closed;
  },
  START_MS,
);

/** Ends with the connection, whether it was closed or reset: what was sent and never read makes it a reset. */
const closeOf = (socket: Socket): Promise<void> => {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('close', () => resolve()));
};

it(
  'a second signal ends the process at once',
  async () => {
    const service = await startEmbedded({ DRAIN_DELAY: '20s' });
    service.signal('SIGTERM');
    await eventually(
      'the probe to say so',
      async () => (await fetch(`${service.url}/readyz`)).status === 503 || undefined,
    );
    const began = performance.now();
    expect(await service.stop()).toBe(1);
    expect(performance.now() - began).toBeLessThan(15_000);
  },
  START_MS,
);
