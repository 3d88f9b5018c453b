/** What one request of a load found. */
export interface Answered {
  status: number;
  /** Statements that the service sent to its database, as it tells itself. */
  queries: number;
}

/** Loads of a page: how long each took in nanoseconds, and the statements of all. */
export interface Loads {
  latencies: number[];
  queries: number;
}

/**
 * All people load their page at the same moment; a load is over with the last of its answers.
 * @throws when one is no good
 */
export async function loadAtOnce<Owner extends { paths: readonly string[] }>(
  owners: readonly Owner[],
  ask: (owner: Owner, path: string) => Promise<Answered>,
): Promise<Loads> {
  let queries = 0;
  const latencies = await Promise.all(
    owners.map(async (owner) => {
      const started = performance.now();
      await Promise.all(
        owner.paths.map(async (path) => {
          const answer = await ask(owner, path);
          if (answer.status !== 200 || Number.isNaN(answer.queries))
            throw new Error(`${path} was answered with ${answer.status}.`);
          queries += answer.queries;
        }),
      );
      return (performance.now() - started) * 1e6;
    }),
  );
  return { latencies, queries };
}

/** Of the caches that such a page reads. */
export const DASHBOARD_CACHES = [
  'platform_status',
  'extraction_job',
  'user_profile',
  'soul_signature',
  'platform_rate_limits',
] as const;
