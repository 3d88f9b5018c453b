interface MediaRange {
  type: string;
  quality: number;
  /** 0 for any type, 1 for type/any, 2 for an exact one. */
  precision: number;
}

/**
 * The offered media type that an `Accept` header likes best (RFC 9110 §12.5.1), or undefined when it excludes all.
 * Without a header the first offer wins; so does the earlier offer among equals.
 */
export function negotiate(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === '') return offered[0];
  const ranges = accept.split(',').map(mediaRange);
  let best: { type: string; quality: number } | undefined;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > 0 && quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type;
}

function mediaRange(text: string): MediaRange {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  const precision = name === '*/*' ? 0 : name.endsWith('/*') ? 1 : 2;
  return { type: name, quality: Number.isFinite(quality) ? quality : 0, precision };
}

function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const matching = ranges.filter(
    (range) =>
      range.precision === 0 ||
      range.type === type ||
      (range.precision === 1 && type.startsWith(range.type.slice(0, -1))),
  );
  return matching.sort((a, b) => b.precision - a.precision)[0]?.quality ?? 0;
}
