// Socket.IO with its Redis adapter and nothing else: what one writes without an event log.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import { connect } from '../contenders/connection.js';
import { JOIN, MESSAGE, serveInstance, streamOf } from '../realtime/instance.js';

serveInstance(async ({ redisUrl }) => {
  const http = createServer();
  const io = new Server(http, {
    serveClient: false,
    adapter: createShardedAdapter(await connect(redisUrl), await connect(redisUrl), {
      subscriptionMode: 'static',
    }),
  });
  io.on('connection', (socket) => {
    void socket.join(`user:${socket.handshake.auth['clientId']}`);
    socket.on(JOIN, ({ conversationId }: { conversationId: string }, ack: (answer: object) => void) => {
      void socket.join(streamOf(conversationId));
      ack({ ok: true, data: {} });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const epoch = randomUUID();
  let seq = 0;
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    // The same bytes to the clients as the event log's.
    tell: async (conversationId, data) => {
      const stream = streamOf(conversationId);
      const event = { stream, epoch, seq: ++seq, id: randomUUID(), ts: new Date().toISOString() };
      io.to(stream).emit(MESSAGE, { ...event, type: MESSAGE, data });
    },
  };
});
