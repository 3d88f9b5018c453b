import { Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toAppError, toProblem } from './problem.js';
import { pathOf } from './problem.filter.js';
import { NAMED_EVENTS, type SseEvent, type SseFormat } from './sse-format.js';
import { SseWriter } from './sse-writer.js';

export type { SseEvent } from './sse-format.js';

/** Events, or a function that makes them and stops when its signal is aborted (client gone, shutdown). */
export type SseSource = AsyncIterable<SseEvent> | ((signal: AbortSignal) => AsyncIterable<SseEvent>);

export interface SseOptions {
  /** Ends the stream from outside. */
  signal?: AbortSignal;
  /** @default 15000 */
  heartbeatMs?: number;
  /** For clients that expect another form. @default named events */
  format?: SseFormat;
}

const HEARTBEAT_MS = 15_000;
const logger = new Logger('Sse');

/**
 * Answers a request with a stream of events and resolves when it is over: the source ended, the client left, or `signal`
 * was aborted, which sends `event: shutdown` first. Reads from the source only as fast as the client takes events.
 * Use it through `SseConnections.stream`, which ends streams at shutdown.
 */
export async function sseStream(
  reply: FastifyReply,
  request: FastifyRequest,
  source: SseSource,
  { signal, heartbeatMs = HEARTBEAT_MS, format = NAMED_EVENTS }: SseOptions = {},
): Promise<void> {
  const headers = headersOf(reply);
  reply.hijack();
  reply.raw.writeHead(200, headers);
  if (request.method === 'HEAD') {
    reply.raw.end();
    return;
  }
  // Not AbortSignal.any: it would grow a list on the signal that lives as long as the process.
  const stop = new AbortController();
  const end = (): void => stop.abort();
  signal?.addEventListener('abort', end, { once: true });
  reply.raw.once('close', end);
  // A client that left while the handler was busy has closed already, and will not do so again.
  if (signal?.aborted || reply.raw.destroyed) end();
  const writer = new SseWriter(reply.raw, heartbeatMs);
  try {
    await writer.write(format.opening);
    const events = typeof source === 'function' ? source(stop.signal) : source;
    await pump((event) => writer.write(format.event(event)), events, stop.signal);
    if (signal?.aborted) await writer.write(format.shutdown);
  } catch (error) {
    await fail(error, request, { writer, format });
  } finally {
    signal?.removeEventListener('abort', end);
    writer.end();
    // Lets go of a source that has failed or ended by itself.
    end();
  }
}

function headersOf(reply: FastifyReply): Record<string, string | number | string[]> {
  const kept = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  };
}

async function pump(
  write: (event: SseEvent) => Promise<void>,
  source: AsyncIterable<SseEvent>,
  stop: AbortSignal,
): Promise<void> {
  const events = source[Symbol.asyncIterator]();
  const stopped = new Promise<'stopped'>((resolve) => {
    if (stop.aborted) resolve('stopped');
    stop.addEventListener('abort', () => resolve('stopped'), { once: true });
  });
  try {
    for (;;) {
      const next = events.next();
      const result = await Promise.race([next, stopped]);
      if (result === 'stopped') {
        next.catch((error: unknown) =>
          logger.debug({ msg: 'A stream source failed after its client had left', err: error }),
        );
        return;
      }
      if (result.done) return;
      await write(result.value);
    }
  } finally {
    // Not awaited: a generator that waits for its next event would hold the answer open.
    events
      .return?.()
      ?.catch((error: unknown) => logger.debug({ msg: 'A stream source failed while closing', err: error }));
  }
}

/** The headers are out, so a failure becomes the last event. */
async function fail(
  error: unknown,
  request: FastifyRequest,
  { writer, format }: { writer: SseWriter; format: SseFormat },
): Promise<void> {
  if (!writer.open) return;
  const { kind, cause } = toAppError(error);
  if (kind === 'internal') {
    logger.error({ msg: 'An event stream failed', requestId: request.id, err: cause ?? error });
  }
  const problem = toProblem(error, { instance: pathOf(request.url), requestId: request.id });
  await writer.write(format.failure(problem));
}
