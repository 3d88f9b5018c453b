// Official clients, many in one process. They count what they hear.
import { io, type Socket } from 'socket.io-client';
import { serveParent } from '../child-process.js';
import { concurrently } from '../measure.js';
import { JOIN, MESSAGE } from '../realtime/instance.js';

const DEADLINE_MS = 30_000;
/** Handshakes at the same time. */
const WIDTH = 32;

const sockets: Socket[] = [];
let heard = 0;
/** When the last one was heard, on the clock that all processes share. */
let lastAt = 0;
let wanted: { count: number; resolve: (at: number) => void } | undefined;

function hear(): void {
  heard += 1;
  lastAt = Number(process.hrtime.bigint());
  look();
}

function look(): void {
  if (!wanted || heard < wanted.count) return;
  heard -= wanted.count;
  wanted.resolve(lastAt);
  wanted = undefined;
}

async function open(url: string, auth: object, conversationId: string | undefined): Promise<void> {
  const socket = io(url, { auth, transports: ['websocket'], reconnection: false, forceNew: true });
  sockets.push(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  socket.once('disconnect', (reason) => {
    throw new Error(`A client was disconnected: ${reason}`);
  });
  socket.on(MESSAGE, hear);
  if (conversationId === undefined) return;
  const ack: unknown = await socket.timeout(DEADLINE_MS).emitWithAck(JOIN, { conversationId });
  if (!(ack as { ok: boolean }).ok) throw new Error(`A client could not join: ${JSON.stringify(ack)}`);
}

serveParent({
  connect: ({ url, auths, conversationId }: { url: string; auths: object[]; conversationId?: string }) =>
    concurrently(WIDTH, auths.length, (index) => open(url, auths[index]!, conversationId)),
  /** Answers when all sockets together had heard so many messages, counted from the end of the call before. */
  hear: (count: number) =>
    new Promise<number>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Of ${count} messages ${heard} came within ${DEADLINE_MS} ms.`)),
        DEADLINE_MS,
      );
      wanted = {
        count,
        resolve: (at) => {
          clearTimeout(timer);
          resolve(at);
        },
      };
      look();
    }),
});
