/** How {@link KeyStore.deleteByPattern} goes about it. */
export interface DeleteByPatternOptions {
  /** Stops between two batches; what was deleted stays deleted. */
  signal?: AbortSignal;
  /** Called after every batch with the keys deleted so far. */
  onProgress?: (deleted: number) => void;
  /** Keys that one SCAN step looks at. @default 500 */
  batchSize?: number;
}

/** Values as JSON texts, under keys that are the user's own part. */
export interface KeyStore {
  get(key: string): Promise<string | undefined>;
  /** @param ttlMs milliseconds; without it, the value stays */
  set(key: string, text: string, ttlMs?: number): Promise<void>;
  /** How many were there. */
  delete(keys: readonly string[]): Promise<number>;
  /** How many were deleted. */
  deleteByPattern(pattern: string, options?: DeleteByPatternOptions): Promise<number>;
}
