const words = new Intl.Segmenter('en', { granularity: 'word' });
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const MAX_GRAPHEMES = 12;

/** A text in the pieces it is spoken in: a word with the space before it. Joined, they are the text. */
export function* spokenPieces(text: string): Generator<string> {
  let space = '';
  for (const { segment } of words.segment(text)) {
    if (/^\s+$/.test(segment)) {
      space += segment;
      continue;
    }
    yield* shortPieces(space + segment);
    space = '';
  }
  if (space !== '') yield space;
}

function* shortPieces(word: string): Generator<string> {
  let piece = '';
  let size = 0;
  for (const { segment } of graphemes.segment(word)) {
    piece += segment;
    if (++size < MAX_GRAPHEMES) continue;
    yield piece;
    piece = '';
    size = 0;
  }
  if (piece !== '') yield piece;
}
