/** Why a {@link RedisPoolError} was thrown. */
export type RedisPoolErrorCode =
  'unavailable' | 'closed' | 'too-many-waiting' | 'wait-timeout' | 'use-timeout';

const MESSAGES: Record<RedisPoolErrorCode, (limit?: number) => string> = {
  unavailable: () => 'Redis is not available for blocking commands now',
  closed: () => 'the pool for blocking commands is closed',
  'too-many-waiting': (limit) => `${limit} callers wait for a connection for blocking commands already`,
  'wait-timeout': (limit) =>
    `no connection for blocking commands became free within ${limit} ms; raise the pool's maximum or block for shorter`,
  'use-timeout': (limit) => `a connection for blocking commands was used for longer than ${limit} ms`,
};

/** No connection for blocking commands, or no longer. */
export class RedisPoolError extends Error {
  override readonly name = 'RedisPoolError';

  constructor(
    readonly code: RedisPoolErrorCode,
    limit?: number,
    cause?: Error,
  ) {
    super(MESSAGES[code](limit), { cause });
  }
}
