/** How it went with many entries. */
export interface BatchReport<Item> {
  /** How many were given. */
  total: number;
  /** How many are cached now because of this. */
  stored: number;
  /** How many were cached already, or are being written by somebody: left as they are. */
  kept: number;
  failed: { item: Item; error: unknown }[];
  /** How long it took, in ms. */
  tookMs: number;
}

/** More failures than this are counted only in `total`. */
const MOST_FAILURES = 100;

/**
 * Does something with every item, `size` at a time: what one batch asks of Redis travels together. One failure does
 * not end it.
 *
 * @param work - answers whether the item was stored
 */
export async function inBatches<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
  work: (item: Item) => Promise<boolean>,
  onProgress?: (report: Readonly<BatchReport<Item>>) => void,
): Promise<BatchReport<Item>> {
  if (!Number.isSafeInteger(size) || size < 1)
    throw new RangeError('The size of a batch must be a whole number from 1.');
  const startedAt = performance.now();
  const report: BatchReport<Item> = { total: 0, stored: 0, kept: 0, failed: [], tookMs: 0 };
  let batch: Item[] = [];
  const flush = async (): Promise<void> => {
    const outcomes = await Promise.allSettled(batch.map(async (item) => work(item)));
    report.total += batch.length;
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') {
        if (report.failed.length < MOST_FAILURES)
          report.failed.push({ item: batch[at]!, error: outcome.reason });
      } else if (outcome.value) report.stored++;
      else report.kept++;
    }
    report.tookMs = performance.now() - startedAt;
    batch = [];
    onProgress?.(report);
  };
  for await (const item of items) {
    batch.push(item);
    if (batch.length >= size) await flush();
  }
  if (batch.length > 0) await flush();
  return report;
}
