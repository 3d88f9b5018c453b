import { platformErrors } from '../errors/platform.errors.js';

/** Where a client stands in an event stream: `<epoch>.<seq>`, as the ids of server-sent events carry it. */
export interface StreamPosition {
  epoch: string;
  after: number;
}

/**
 * Reads `Last-Event-ID` or `?after=`; undefined for the beginning.
 * @throws validation-failed for what is no id of an event
 */
export function positionOf(text: string | undefined): StreamPosition | undefined {
  if (text === undefined || text === '') return undefined;
  const dot = text.lastIndexOf('.');
  const after = Number(text.slice(dot + 1));
  if (dot >= 1 && Number.isSafeInteger(after) && after >= 0) return { epoch: text.slice(0, dot), after };
  throw platformErrors['validation-failed'](
    'Last-Event-ID (or ?after=) is the id of an event: <epoch>.<seq>.',
  );
}
