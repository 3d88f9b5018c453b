export interface TextRun {
  text: string;
  /** Written between asterisks: what a character does rather than says. */
  action: boolean;
}

const ACTION = /\*([^*\n]+)\*/g;

/** Splits a paragraph at its actions; an asterisk without its partner stays an asterisk. */
export function textRuns(paragraph: string): TextRun[] {
  const runs: TextRun[] = [];
  let end = 0;
  for (const match of paragraph.matchAll(ACTION)) {
    if (match.index > end) runs.push({ text: paragraph.slice(end, match.index), action: false });
    runs.push({ text: match[1] ?? '', action: true });
    end = match.index + match[0].length;
  }
  if (end < paragraph.length) runs.push({ text: paragraph.slice(end), action: false });
  return runs;
}

/** For where there is no room for emphasis. */
export const plainText = (text: string): string =>
  textRuns(text)
    .map((run) => run.text)
    .join('');
