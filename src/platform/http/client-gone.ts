import type { FastifyReply } from 'fastify';

/** Aborted once the connection of an answer is closed: with the answer complete, or because its client has gone. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const leave = (): void => gone.abort(new Error('The client has gone.'));
  if (raw.destroyed) leave();
  else raw.once('close', leave);
  return gone.signal;
}
