import {
  Module,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { CacheModule, type CacheModuleOptions } from '../../../libs/cache/src/index.js';

export const PLATFORMS = ['fastify', 'express'] as const;
export type Platform = (typeof PLATFORMS)[number];

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface CachedApp {
  readonly app: INestApplication;
  send(method: string, path: string, headers?: OutgoingHttpHeaders): Promise<HttpReply>;
  get(path: string, headers?: OutgoingHttpHeaders): Promise<HttpReply>;
  /** Sends a GET and goes away before the answer. */
  abort(path: string, until: Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** What both platforms' responses can do; handlers of the tests get one with `@Res({ passthrough: true })`. */
export interface PassthroughResponse {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** `Authorization: Bearer ada` is the user ada; `Bearer nobody` is let in without a name; `Bearer banned` is not. */
class BearerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const asked = context
      .switchToHttp()
      .getRequest<{ headers: Record<string, string | undefined>; user?: { id: string } }>();
    const name = asked.headers['authorization']?.replace('Bearer ', '');
    if (name !== undefined && name !== 'nobody') asked.user = { id: name };
    return name !== 'banned';
  }
}

export interface CachedAppOptions {
  controllers: Type<unknown>[];
  providers?: Provider[];
  cache?: CacheModuleOptions;
  /** Before the routes are made. */
  prepare?: (app: INestApplication) => void;
}

/** An application with a cache, on a free port. */
export async function startCachedApp(platform: Platform, options: CachedAppOptions): Promise<CachedApp> {
  @Module({
    imports: [CacheModule.forRoot(options.cache)],
    controllers: options.controllers,
    providers: [...(options.providers ?? []), { provide: APP_GUARD, useClass: BearerGuard }],
  })
  class CachedAppModule {}

  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(CachedAppModule, adapter, {
    logger: false,
    abortOnError: false,
  });
  options.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  const agent = new Agent({ keepAlive: true });
  const send: CachedApp['send'] = (method, path, headers) =>
    new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers, agent }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({ status: incoming.statusCode!, headers: incoming.headers, body, text: body.toString() });
        });
      });
      asked.on('error', reject);
      asked.end();
    });
  return {
    app,
    send,
    get: (path, headers) => send('GET', path, headers),
    abort: async (path, until) => {
      const asked = request({ host: '127.0.0.1', port, path });
      const closed = new Promise((resolve) => asked.on('close', resolve));
      asked.on('error', () => undefined);
      asked.end();
      await until;
      asked.destroy();
      await closed;
    },
    close: async () => {
      agent.destroy();
      await app.close();
    },
  };
}
