import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { StartupError } from '../errors/startup-error.js';
import { requestContext } from '../http/request-context.js';
import type { LogSettings } from './log.settings.js';
import { redact } from './redact.js';

/** What Nest tells of every module and route at each start; of interest only when something does not start. */
const START_UP_DETAIL = new Set([
  'InstanceLoader',
  'NestFactory',
  'NestApplication',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** JSON lines on stdout, for Nest and for us: `createLogger` in bootstrap, `new Logger('Name')` everywhere else. */
export class JsonLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(START_UP_DETAIL.has(rest.at(-1) as string) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // Nest logs what stops a start; the process tells it once, as a message with its fix.
    this.write(message instanceof StartupError ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest appends the context as last argument, and a stack before it for errors. */
  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const context = typeof rest.at(-1) === 'string' ? (rest.pop() as string) : undefined;
    const stack = rest.find((part): part is string => typeof part === 'string' && part.includes('\n'));
    const error = [message, ...rest].find((part) => part instanceof Error);
    const fields =
      message !== null && typeof message === 'object' && !(message instanceof Error) ? message : {};
    const msg = textOf(message);
    const entry = redact({
      context,
      requestId: requestContext()?.requestId,
      ...(msg === undefined ? {} : { msg }),
      ...fields,
      ...(error ? { err: error } : {}),
      ...(stack ? { stack } : {}),
    });
    this.pino[level](entry);
  }
}

/** Objects bring their own `msg`. */
function textOf(message: unknown): string | undefined {
  if (message instanceof Error) return message.message;
  if (typeof message === 'string') return message;
  return typeof message === 'object' || message === undefined ? undefined : inspect(message);
}

/** @param destination defaults to stdout. */
export function createLogger(settings: LogSettings, destination?: DestinationStream): JsonLogger {
  const options = {
    level: settings.level,
    base: undefined,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
    // Errors are plain objects by the time pino sees them (see redact.ts); its own serializer would hide their causes.
    serializers: { err: (error: unknown) => error },
  };
  return new JsonLogger(destination ? pino(options, destination) : pino(options));
}
