import { MARK_END, MARK_START, readSnippet } from './snippet.js';

const found = (word: string): string => `${MARK_START}${word}${MARK_END}`;

it('a snippet is plain text, and its highlights are the words that were found', () => {
  const { snippet, highlights } = readSnippet(`😀 the ${found('sea')} and the ${found('Sea')}men`);
  expect(snippet).toBe('😀 the sea and the Seamen');
  expect(highlights.map(({ start, length }) => snippet.slice(start, start + length))).toEqual(['sea', 'Sea']);
});

it('a snippet without a highlight is the text', () => {
  expect(readSnippet('nothing here')).toEqual({ snippet: 'nothing here', highlights: [] });
});
