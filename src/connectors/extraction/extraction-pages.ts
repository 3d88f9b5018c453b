import { createHash } from 'node:crypto';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { ReportedProgress } from '../../platform/jobs/monotone-progress.js';
import type { OutboundAnswer } from '../outbound/outbound.js';
import type { ExtractedItem, ExtractionStep } from '../registry/provider.js';
import type { ExtractionCheckpoint } from './extraction.types.js';
import { storable, type StoredItem } from './items.rules.js';

/** Things that one run keeps at most, and that are kept of one kind of a platform at all. */
export const MAX_ITEMS = 20_000;
const MAX_PAGES = 100;
const MAX_CURSOR_UNITS = 4_096;
/** Of a step whose size nobody knows, this many pages count as half. */
const HALF_WAY_PAGES = 4;

/** A page as it was read. */
export interface ReadPage {
  items: StoredItem[];
  /** Things on it, those included that are left out. */
  listed: number;
  next?: string;
  /** Of the step, if the platform says. */
  total?: number;
}

/** What is said of a platform that does not keep to its own ways. */
export const failed = (title: string, fault: string): Error =>
  platformErrors['upstream-failed'](`${title} ${fault}.`);

/** @throws upstream-failed for an answer that is no page */
export function readPage(
  title: string,
  step: ExtractionStep,
  answer: OutboundAnswer,
  cursor: string | undefined,
): ReadPage {
  const list = step.list(answer.body);
  if (!list)
    throw failed(title, `answered the request for "${step.name}" with something that is no list of it`);
  const items = list.map((raw) => step.item(raw)).filter((item): item is ExtractedItem => item !== undefined);
  const next = step.next(answer, cursor);
  if (next !== undefined && next.length > MAX_CURSOR_UNITS) {
    throw failed(title, `answered the request for "${step.name}" with too long a cursor`);
  }
  const total = step.total?.(answer.body);
  return { items: storable(items), listed: list.length, next, total };
}

export const beginning = (): ExtractionCheckpoint => ({
  beganAt: Date.now(),
  step: 0,
  pages: [],
  listed: 0,
  kept: 0,
  removed: 0,
  truncated: false,
  refusals: 0,
});

/**
 * Where it goes on after a page, and what of the page is kept: no more than there is room for.
 * @throws upstream-failed for a page that leads back to one that was read
 */
export function afterPage(
  title: string,
  step: ExtractionStep,
  at: ExtractionCheckpoint,
  page: ReadPage,
): { at: ExtractionCheckpoint; items: StoredItem[] } {
  const items = page.items.slice(0, MAX_ITEMS - at.kept);
  const pages = [...at.pages, digestOf(at.cursor)];
  if (page.next !== undefined && pages.includes(digestOf(page.next))) {
    throw failed(title, `leads in a circle: a page of "${step.name}" names an earlier one as its next`);
  }
  const isFull = pages.length >= (step.maxPages ?? MAX_PAGES) || at.kept + items.length >= MAX_ITEMS;
  const truncated = at.truncated || items.length < page.items.length || (isFull && page.next !== undefined);
  const same = { ...at, kept: at.kept + items.length, truncated, refusals: 0 };
  return page.next === undefined || isFull
    ? { at: { ...same, step: at.step + 1, cursor: undefined, pages: [], listed: 0 }, items }
    : { at: { ...same, cursor: page.next, pages, listed: at.listed + page.listed }, items };
}

/** How far it is when a page has been kept; each step is an equal part of it. */
export function progressOf(
  step: ExtractionStep,
  steps: number,
  { before, page, after }: { before: ExtractionCheckpoint; page: ReadPage; after: ExtractionCheckpoint },
): ReportedProgress {
  const done = before.listed + page.listed;
  const total = page.total !== undefined && page.total >= done ? page.total : undefined;
  const read = before.pages.length + 1;
  const share = total ? done / total : read / (read + HALF_WAY_PAGES);
  const inSteps = after.step > before.step ? after.step : before.step + share;
  // The rest is for what comes after the last page.
  return {
    phase: step.name,
    done,
    ...(total === undefined ? {} : { total }),
    percent: (99 * inSteps) / steps,
  };
}

const digestOf = (cursor: string | undefined): string =>
  cursor === undefined ? '' : createHash('sha256').update(cursor).digest('base64url').slice(0, 12);
