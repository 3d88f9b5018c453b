/** A cache, or a decorator on a method, is declared wrongly. Thrown while classes load or while the application boots. */
export class CacheDeclarationError extends Error {
  override readonly name = 'CacheDeclarationError';
}

/** A key part (or a tenant) cannot be encoded so that no other value shares its key. */
export class CacheKeyError extends Error {
  override readonly name = 'CacheKeyError';
}

/** What a loader returned cannot be stored and read back unchanged. */
export class CacheValueError extends Error {
  override readonly name = 'CacheValueError';
}

/** A loader took longer than its cache's `timeout.hard`. The load goes on, and fills the cache when it ends. */
export class CacheTimeoutError extends Error {
  override readonly name = 'CacheTimeoutError';
}
