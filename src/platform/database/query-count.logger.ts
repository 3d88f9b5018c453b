import { Logger as NestLogger } from '@nestjs/common';
import type { Logger } from 'typeorm';
import { requestContext } from '../http/request-context.js';

const TRANSACTION_CONTROL = /^(?:START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/;

/** Counts the statements of the running request (not its BEGIN and COMMIT). SQL text and parameters are never logged. */
export class QueryCountLogger implements Logger {
  private readonly nest = new NestLogger('TypeORM');

  logQuery(query: string): void {
    const context = requestContext();
    if (context && !TRANSACTION_CONTROL.test(query)) context.queries += 1;
  }

  logQueryError(): void {
    // The error is thrown as well; whoever handles it decides what is worth a line.
  }

  logQuerySlow(ms: number): void {
    this.nest.warn(`A statement took ${ms} ms.`);
  }

  logSchemaBuild(): void {
    // The migration runner writes one line about what it applied.
  }

  logMigration(message: string): void {
    this.nest.log(message);
  }

  log(level: 'log' | 'info' | 'warn', message: unknown): void {
    if (level === 'warn') this.nest.warn(message);
    else this.nest.debug(message);
  }
}
