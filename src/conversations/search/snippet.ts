import type { Highlight } from './search.dto.js';

/** Around each found word in what the database gives; characters that no message keeps. */
export const MARK_START = '\u0002';
export const MARK_END = '\u0003';

/** Plain text with the places of what was found, so that no client has to trust markup. */
export function readSnippet(marked: string): { snippet: string; highlights: Highlight[] } {
  const highlights: Highlight[] = [];
  let snippet = '';
  for (const [index, part] of marked.split(MARK_START).entries()) {
    const end = index === 0 ? -1 : part.indexOf(MARK_END);
    if (end > 0) highlights.push({ start: snippet.length, length: end });
    snippet += part.replaceAll(MARK_END, '');
  }
  return { snippet, highlights };
}
