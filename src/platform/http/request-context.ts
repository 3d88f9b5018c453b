import { AsyncLocalStorage } from 'node:async_hooks';

/** What belongs to one request and is wanted where no request object reaches: log lines and query counts. */
export interface RequestContext {
  readonly requestId: string;
  /** Statements sent to the database so far; the TypeORM logger counts them. */
  queries: number;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the running request, or undefined in background work. */
export const requestContext = (): RequestContext | undefined => storage.getStore();

/** Runs `work` (and everything it awaits) inside a context; sockets open one per event. */
export const runInRequestContext = <T>(context: RequestContext, work: () => T): T =>
  storage.run(context, work);
