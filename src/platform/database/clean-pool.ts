import { Logger } from '@nestjs/common';
import pg from 'pg';

/** What `pg` knows about a connection and does not declare. */
type Connection = pg.PoolClient & { _getActiveQuery?: () => unknown };

/**
 * A pool that only takes back connections on which nothing is going on. `pg` returns one to the pool after "Query read
 * timeout" although its statement still runs: whoever got it next would wait behind that. The same for a connection
 * left inside a transaction.
 */
export class CleanPool extends pg.Pool {
  private readonly logger = new Logger('Database');

  constructor(options: pg.PoolConfig) {
    super(options);
    this.on('release', (_error, client: Connection) => {
      if (client._getActiveQuery?.() || !['I', null].includes(client.getTransactionStatus()))
        this.discard(client);
    });
  }

  private discard(client: pg.PoolClient): void {
    this.logger.warn(
      'A connection came back to the pool while a statement or transaction was running; closing it.',
    );
    // The pool sees that it is ending, which end() notes at once, and makes a new one.
    (client as unknown as pg.Client).end().catch((error: unknown) => this.logger.debug(String(error)));
  }
}
