import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Logger, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** `dist/console`, beside the compiled service; there is none when the sources run uncompiled. */
const FILES = fileURLToPath(new URL('../../console', import.meta.url));
const HASHED_NAME = /[\\/]assets[\\/][^\\/]+$/;

/** Serves the web console at `/`. It is a client like any other: a service without it has the same API. */
@Module({})
export class ConsoleModule implements OnModuleInit {
  private readonly logger = new Logger(ConsoleModule.name);

  constructor(private readonly host: HttpAdapterHost) {}

  onModuleInit(): void {
    if (!existsSync(FILES)) {
      this.logger.debug({ msg: 'There is no built console here; "npm run build" makes one', path: FILES });
      return;
    }
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    // Not awaited: that would boot Fastify before Nest has set the error handler, and body faults would escape it.
    void fastify.register(fastifyStatic, {
      root: FILES,
      // A route for each file: every other path stays unknown, and wrong methods are told from wrong paths.
      wildcard: false,
      decorateReply: false,
      cacheControl: false,
      setHeaders: setCacheControl,
    });
  }
}

/** The name of a bundle changes with its content; the page that names the bundles is asked for each time. */
function setCacheControl(reply: FastifyReply, path: string): void {
  const hashed = HASHED_NAME.test(path);
  reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
}
