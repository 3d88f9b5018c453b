import type { MessageRecord } from '../messages/messages.repository.js';

type Said = Pick<MessageRecord, 'role' | 'text' | 'kind'>;

/** Of the first and of the newest lines that are kept: how it began, and where it stands. */
const FIRST = 4;
const NEWEST = 8;
const LINE_UNITS = 160;
const SENTENCE_END = /[.!?…。！？](?=\s|$)/u;

/** `name: text`, one line each. */
export const toLines = (
  said: readonly Said[],
  names: { user: string; character: string },
  maxUnits: number,
): string[] =>
  said.map(({ role, text, kind }) => `${names[role]}: ${inOneLine(text, maxUnits) || `[${kind}]`}`);

/**
 * A summary without a model: the first sentence of what was said first and of what was said last. The same notes and
 * lines always give the same summary.
 */
export function extractSummary(notes: string, lines: readonly string[]): string {
  const all = [...(notes === '' ? [] : notes.split('\n')), ...lines.map(firstSentence)];
  if (all.length <= FIRST + NEWEST) return all.join('\n');
  return [...all.slice(0, FIRST), ...all.slice(-NEWEST)].join('\n');
}

function firstSentence(line: string): string {
  const end = SENTENCE_END.exec(line);
  return inOneLine(end ? line.slice(0, end.index + end[0].length) : line, LINE_UNITS);
}

function inOneLine(text: string, maxUnits: number): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  if (line.length <= maxUnits) return line;
  return `${line.slice(0, maxUnits - 1).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}
