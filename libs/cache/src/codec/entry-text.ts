/** What an entry says about itself, before its payload. Times are wall times in ms. */
export interface EntryHead {
  /** Until then it is served without asking anybody. */
  readonly freshUntil: number;
  /** Until then it is kept: for stale answers, and to be refreshed instead of loaded anew. */
  readonly keptUntil: number;
  /** How long its load took. */
  readonly loadMs: number;
}

/** A stored text, taken apart. */
export class Entry implements EntryHead {
  readonly freshUntil: number;
  readonly keptUntil: number;
  readonly loadMs: number;
  readonly payload: string;

  constructor(
    private readonly text: string,
    private readonly leadEnd: number,
    prefixEnd: number,
  ) {
    const keptAt = text.indexOf('.', prefixEnd) + 1;
    const loadAt = text.indexOf('.', keptAt) + 1;
    this.freshUntil = Number.parseInt(text.slice(prefixEnd, keptAt - 1), 36);
    this.keptUntil = Number.parseInt(text.slice(keptAt, loadAt - 1), 36);
    this.loadMs = Number.parseInt(text.slice(loadAt, leadEnd - 1), 36);
    this.payload = text.slice(leadEnd);
  }

  /** Everything before the payload: tells this very entry from one that replaced it. */
  get lead(): string {
    return this.text.slice(0, this.leadEnd);
  }
}

/** The stored text: the prefix of its cache and marks, then `<fresh>.<kept>.<load>|` in base 36, then the payload. */
export function entryText(prefix: string, head: EntryHead, payload: string): string {
  return `${prefix}${base36(head.freshUntil)}.${base36(head.keptUntil)}.${base36(head.loadMs)}|${payload}`;
}

/** Undefined when the text is none, another cache's or version's, or from before an evict of its cache or tags. */
export function parseEntry(prefix: string, text: string | null): Entry | undefined {
  if (text === null || !text.startsWith(prefix)) return undefined;
  return new Entry(text, text.indexOf('|', prefix.length) + 1, prefix.length);
}

const base36 = (ms: number): string => Math.max(0, Math.round(ms)).toString(36);
