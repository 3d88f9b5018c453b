import { noneMatchHits, parseEntityTags } from './etag.js';

describe('parseEntityTags', () => {
  it('reads lists of strong and weak tags, commas inside included', () => {
    expect(parseEntityTags('"a" , W/"b,c",""')).toEqual([
      { weak: false, tag: '"a"' },
      { weak: true, tag: '"b,c"' },
      { weak: false, tag: '""' },
    ]);
    expect(parseEntityTags(' * ')).toBe('*');
  });

  it.each(['', 'a', '"a', '"a" "b"', 'w/"a"', '"a", b', '*, "a"', ','])('refuses <%s>', (header) => {
    expect(parseEntityTags(header)).toBeUndefined();
  });

  it('answers at once for a header made to be slow', () => {
    const before = process.cpuUsage();
    parseEntityTags(`"a"${' '.repeat(100_000)}x`);
    parseEntityTags(`"${'a'.repeat(100_000)}`);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1000);
  });
});

describe('noneMatchHits', () => {
  it('compares weakly, as conditional reads must', () => {
    expect(noneMatchHits('W/"1"', '"1"')).toBe(true);
    expect(noneMatchHits('"1"', 'W/"1"')).toBe(true);
    expect(noneMatchHits('"2"', '"1"')).toBe(false);
  });
});
