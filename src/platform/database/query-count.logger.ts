import { Logger as NestLogger } from '@nestjs/common';
import type { Logger, QueryRunner } from 'typeorm';
import { requestContext } from '../http/request-context.js';

const TRANSACTION_CONTROL = /^(?:START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/;

/** Counts the statements of the running request (not its BEGIN and COMMIT). SQL text and parameters are never logged. */
export class QueryCountLogger implements Logger {
  private readonly nest = new NestLogger('TypeORM');

  logQuery(query: string): void {
    const context = requestContext();
    if (context && !TRANSACTION_CONTROL.test(query)) context.queries += 1;
  }

  /** Not logged: the error is thrown, and whoever handles it decides. Its transaction is marked as aborted by it. */
  logQueryError(_error: string | Error, _query: string, _parameters?: unknown[], runner?: QueryRunner): void {
    if (runner) runner.data.statementFailed = true;
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
