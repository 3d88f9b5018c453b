import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { brokenReply, upstreamTimeout } from './upstream.errors.js';

const RETRY_DELAYS_MS = [100, 400];
const RETRYABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH']);

export interface UpstreamRequest {
  url: URL;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string;
  connectTimeoutMs: number;
  /** From the connection to the first byte of the answer. */
  firstByteTimeoutMs: number;
  /** Destroys the socket at once, whether it is connecting, waiting or being read. */
  signal: AbortSignal;
}

/**
 * Connections to the model server. node:http rather than fetch: fetch cannot tell a connection that does not come
 * about from a model that is still reading the prompt, and its own hidden limits (10 s to connect, 300 s between
 * bytes) are not adjustable without a package that needs a newer Node.
 */
export class UpstreamConnections {
  private readonly agents = {
    'http:': new http.Agent({ keepAlive: true, maxFreeSockets: 16 }),
    'https:': new https.Agent({ keepAlive: true, maxFreeSockets: 16 }),
  };

  /** The answer's head; the body is still to be read. Tries again only while nothing can have reached the model. */
  async open(request: UpstreamRequest): Promise<http.IncomingMessage> {
    for (const delayMs of RETRY_DELAYS_MS) {
      const attempt = await this.attempt(request);
      if ('response' in attempt) return attempt.response;
      if (!attempt.retryable) throw attempt.error;
      await sleep(delayMs, undefined, { signal: request.signal }).catch(() => {
        throw request.signal.reason;
      });
    }
    const last = await this.attempt(request);
    if ('response' in last) return last.response;
    throw last.error;
  }

  close(): void {
    this.agents['http:'].destroy();
    this.agents['https:'].destroy();
  }

  private attempt(request: UpstreamRequest): Promise<Attempt> {
    const { url, method, headers, body, signal } = request;
    const secure = url.protocol === 'https:';
    if (signal.aborted) return Promise.resolve({ error: signal.reason, retryable: false });
    return new Promise((resolve) => {
      const agent = this.agents[secure ? 'https:' : 'http:'];
      const outgoing = (secure ? https : http).request(url, { method, headers, agent });
      let connected = false;
      const expire = (what: string, setting: string) => () =>
        outgoing.destroy(upstreamTimeout(what, setting));
      let timer = setTimeout(
        expire('could not be reached in time', 'AI_CONNECT_TIMEOUT'),
        request.connectTimeoutMs,
      );
      // Not the reason itself: it may be anything, and whoever reads it takes it from the signal.
      const stop = () => outgoing.destroy(new Error('The exchange was stopped'));
      signal.addEventListener('abort', stop, { once: true });
      outgoing.once('close', () => signal.removeEventListener('abort', stop));
      const established = () => {
        connected = true;
        clearTimeout(timer);
        timer = setTimeout(expire('did not answer in time', 'AI_STALL_TIMEOUT'), request.firstByteTimeoutMs);
      };
      outgoing.once('socket', (socket) => {
        if (outgoing.reusedSocket) established();
        else socket.once(secure ? 'secureConnect' : 'connect', established);
      });
      outgoing.once('response', (response) => {
        clearTimeout(timer);
        resolve({ response });
      });
      // Stays attached: a socket that breaks after the head reports here as well as on the response.
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        resolve(failureOf(error, signal, !connected || outgoing.reusedSocket));
      });
      outgoing.end(body);
    });
  }
}

type Attempt = { response: http.IncomingMessage } | { error: unknown; retryable: boolean };

function failureOf(error: NodeJS.ErrnoException, signal: AbortSignal, unsent: boolean): Attempt {
  if (signal.aborted) return { error: signal.reason, retryable: false };
  if (error.name === 'AppError') return { error, retryable: false };
  return {
    error: brokenReply(unsent ? 'could not be reached' : 'closed the connection before answering', error),
    retryable: unsent && RETRYABLE.has(error.code ?? ''),
  };
}
