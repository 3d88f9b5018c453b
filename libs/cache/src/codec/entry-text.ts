/** What an entry says about itself, before its payload. Times are wall times in ms. */
export interface EntryHead {
  /** Until then it is served without asking anybody. */
  readonly freshUntil: number;
  /** Until then it is kept: for stale answers, and to be refreshed instead of loaded anew. */
  readonly keptUntil: number;
  /** How long its load took. */
  readonly loadMs: number;
}

export interface Entry extends EntryHead {
  readonly payload: string;
  /** Everything before the payload: tells this very entry from one that replaced it. */
  readonly lead: string;
}

/** The stored text: the prefix of its cache and marks, then `<fresh>.<kept>.<load>|` in base 36, then the payload. */
export function entryText(prefix: string, head: EntryHead, payload: string): string {
  return `${prefix}${base36(head.freshUntil)}.${base36(head.keptUntil)}.${base36(head.loadMs)}|${payload}`;
}

/** Undefined when the text is none, another cache's or version's, or from before an evict of its cache or tags. */
export function parseEntry(prefix: string, text: string | null): Entry | undefined {
  if (text === null || !text.startsWith(prefix)) return undefined;
  const end = text.indexOf('|', prefix.length);
  const [fresh = '', kept = '', load = ''] = text.slice(prefix.length, end).split('.');
  return {
    freshUntil: Number.parseInt(fresh, 36),
    keptUntil: Number.parseInt(kept, 36),
    loadMs: Number.parseInt(load, 36),
    payload: text.slice(end + 1),
    lead: text.slice(0, end + 1),
  };
}

const base36 = (ms: number): string => Math.max(0, Math.round(ms)).toString(36);
