import { newCharacter, newPerson, readReply } from '../support/api-client.js';
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

    const said = socket
      .deltasOf(generation.id)
      .map(({ data }) => data.text)
      .join('');
    expect(completed.data.message).toMatchObject({ text: said, status: 'cancelled' });
    expect(await stream).toMatchObject({ text: said, last: { event: 'reply.completed' } });
    await model.stop();
  },
  START_MS,
);
