import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { toAppError, toProblem, type Problem } from '../platform/http/problem.js';
import { runInRequestContext } from '../platform/http/request-context.js';
import { validateDto } from '../platform/http/validation.pipe.js';
import { newId } from '../platform/ids/ids.js';
import { payloadBytes } from './payload-size.js';
import { socketEventsOf, type SocketHandler } from '../platform/sockets/socket-event.js';
import type { SocketSession } from './socket-session.js';

/** Contract 2.0-S. */
export const MAX_EVENT_BYTES = 64 * 1024;
const HANDLER_DEADLINE_MS = 10_000;
/** Events of one client worked on at once; the next is refused, not queued. */
const MAX_IN_FLIGHT = 64;
/** A name of a client's is repeated no further than this. */
const MAX_NAME = 100;

type Ack = (answer: { ok: true; data: object } | { ok: false; error: Problem }) => void;

interface Registration {
  payload: new () => object;
  handle: SocketHandler<object>;
}

/** Finds the `@SocketEvent` handlers of all features and answers every client event, whatever it is. */
@Injectable()
export class SocketDispatcher implements OnModuleInit {
  private readonly logger = new Logger('Socket');
  private readonly handlers = new Map<string, Registration>();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      const methods = instance as Record<string, SocketHandler<object>>;
      for (const { event, payload, method } of socketEventsOf(methods)) {
        if (this.handlers.has(event))
          throw new Error(`Two handlers for the socket event "${event}"; rename one.`);
        const handler = methods[method];
        if (handler) this.handlers.set(event, { payload, handle: handler.bind(methods) });
      }
    }
  }

  /** Never throws, always acks. */
  async dispatch(session: SocketSession, name: string, args: unknown[]): Promise<void> {
    const requestId = newId();
    const event = name.slice(0, MAX_NAME);
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as Ack) : undefined;
    const payloads = ack ? args.slice(0, -1) : args;
    const payload = payloads.length > 0 ? payloads[0] : {};
    const { connection, settle } = session.connection();
    let isTold = false;
    session.inFlight += 1;
    try {
      const work = runInRequestContext({ requestId, queries: 0 }, async () => {
        const { payload: dto, handle } = this.admit(session, name, payloads);
        return handle(session.actor, await validateDto(dto, payload), connection);
      });
      const data = await withDeadline(work);
      ack?.({ ok: true, data });
      isTold = ack !== undefined;
    } catch (error) {
      const problem = toProblem(error, { instance: event, requestId });
      this.log(event, requestId, error);
      if (ack) ack({ ok: false, error: problem });
      else session.socket.emit('error', { event, error: problem });
    } finally {
      session.inFlight -= 1;
      settle(isTold);
    }
  }

  private admit(session: SocketSession, event: string, payloads: unknown[]): Registration {
    if (session.inFlight > MAX_IN_FLIGHT) {
      throw platformErrors['rate-limited']('Too many events at once; wait for acks.', {
        retryAfterMs: 1_000,
      });
    }
    const registration = this.handlers.get(event);
    if (!registration) throw platformErrors['not-found'](`There is no event "${event.slice(0, MAX_NAME)}".`);
    if (payloadBytes(payloads, MAX_EVENT_BYTES) > MAX_EVENT_BYTES) {
      throw platformErrors['payload-too-large'](`An event may take ${MAX_EVENT_BYTES} bytes; send less.`);
    }
    if (payloads.length > 1) {
      throw platformErrors['validation-failed']('An event takes one payload and an ack function.');
    }
    return registration;
  }

  private log(event: string, requestId: string, thrown: unknown): void {
    const error = toAppError(thrown);
    const entry = { msg: error.message, code: error.code, event, requestId };
    if (error.kind === 'internal') this.logger.error({ ...entry, err: error.cause ?? error });
    else if (error.status >= 500) this.logger.warn({ ...entry, err: error.cause ?? error });
    else this.logger.debug(entry);
  }
}

function withDeadline<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        platformErrors['upstream-timeout'](
          'The event was not answered in time; what it asked may still happen.',
        ),
      );
    }, HANDLER_DEADLINE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
