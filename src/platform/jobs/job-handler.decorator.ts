/** How the jobs of a kind are run. */
export interface JobOptions {
  /** Runs that may fail before the job does. @default 5 */
  attempts?: number;
  /** Milliseconds before the second run; doubles with every further one up to a minute. @default 1000 */
  backoffMs?: number;
  /** Milliseconds that one run may take. @default 3600000 */
  timeoutMs?: number;
  /** Jobs of the kind that one process runs at once. @default as many as it runs at all */
  concurrency?: number;
}

export interface HandlerDeclaration {
  kind: string;
  method: string;
  options: Required<JobOptions>;
}

const DEFAULTS: Required<JobOptions> = {
  attempts: 5,
  backoffMs: 1_000,
  timeoutMs: 3_600_000,
  concurrency: Infinity,
};

interface ListenerDeclaration {
  kind: string;
  method: string;
}

const handlers = new Map<object, HandlerDeclaration[]>();
const endings = new Map<object, ListenerDeclaration[]>();
const moves = new Map<object, ListenerDeclaration[]>();

/**
 * Registers a provider's method as what runs the jobs of a kind. What it resolves to is the job's result; what it throws
 * is tried again, an `AppError` that no repetition would change at once excepted. A job may be run more than once, from
 * its last checkpoint: what it does between two checkpoints must bear repetition.
 *
 * @example
 * @JobHandler('account.export', { attempts: 3 })
 * async export(job: RunningJob<{ userId: string }, { after?: string }>): Promise<{ exportId: string }> {
 *   for await (const batch of this.rows.after(job.checkpoint?.after)) {
 *     await this.database.transaction(async () => {
 *       await this.write(batch);
 *       await job.save({ after: batch.lastId }, { done: batch.done, total: batch.total });
 *     });
 *   }
 *   return { exportId };
 * }
 */
export function JobHandler(kind: string, options: JobOptions = {}) {
  return <Handler extends (job: never) => Promise<unknown>>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Handler>,
  ): void => {
    const own = handlers.get(prototype) ?? [];
    handlers.set(prototype, [...own, { kind, method, options: { ...DEFAULTS, ...options } }]);
  };
}

/**
 * Registers a provider's method that hears of the end of every job of a kind, inside the transaction that ends it and
 * whichever way it ends: done, failed for good, cancelled before a worker had it, or left behind by a killed one.
 *
 * @example
 * @JobEnded('connector.extract')
 * async extracted({ payload, status }: Job): Promise<void> { … }
 */
export function JobEnded(kind: string) {
  return <Handler extends (job: never) => Promise<void>>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Handler>,
  ): void => {
    endings.set(prototype, [...(endings.get(prototype) ?? []), { kind, method }]);
  };
}

/**
 * Registers a provider's method that hears of it when a worker takes a job of a kind, or gives it back: to wait, to be
 * tried again, or to another worker. It is part of the transaction that does so: what it throws undoes it, which
 * counts as a run that has failed: the job is tried again later, and fails after its attempts. What a run saves is its own to tell, and ends are told by {@link JobEnded}.
 *
 * @example
 * @JobMoved('connector.extract')
 * @CacheEvict(extractionJob, ({ id }: Job) => [id])
 * async moved(_job: Job): Promise<void> {}
 */
export function JobMoved(kind: string) {
  return <Handler extends (job: never) => Promise<void>>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Handler>,
  ): void => {
    moves.set(prototype, [...(moves.get(prototype) ?? []), { kind, method }]);
  };
}

const of = <T>(declared: Map<object, T[]>, instance: object): readonly T[] =>
  declared.get(Object.getPrototypeOf(instance) as object) ?? [];

export const jobHandlersOf = (instance: object): readonly HandlerDeclaration[] => of(handlers, instance);
export const jobEndingsOf = (instance: object): readonly ListenerDeclaration[] => of(endings, instance);
export const jobMovesOf = (instance: object): readonly ListenerDeclaration[] => of(moves, instance);
