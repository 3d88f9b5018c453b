import type { ExtractionStep } from '../registry/provider.js';
import { afterPage, beginning, MAX_ITEMS, progressOf, readPage } from './extraction-pages.js';
import type { ExtractionCheckpoint } from './extraction.types.js';

interface Body {
  items?: { id?: string }[];
  next?: string;
  total?: number;
}

const step: ExtractionStep = {
  name: 'tracks',
  path: () => '/tracks',
  list: (body) => (body as Body | undefined)?.items,
  next: ({ body }) => (body as Body).next,
  total: (body) => (body as Body).total,
  item: (raw) => {
    const { id } = raw as { id?: string };
    return id === undefined ? undefined : { id, labels: [] };
  },
  maxPages: 3,
};

const things = (count: number, from = 0): { id: string }[] =>
  Array.from({ length: count }, (_, at) => ({ id: `t${from + at}` }));
const read = (body: Body | undefined) =>
  readPage('Music', step, { status: 200, headers: new Headers(), body }, undefined);
const after = (at: ExtractionCheckpoint, body: Body) => afterPage('Music', step, at, read(body)).at;

describe('the pages of an extraction', () => {
  it('are read one after the other, then those of the next step', () => {
    const first = after(beginning(), { items: things(2), next: 'b' });
    expect(first).toMatchObject({ step: 0, cursor: 'b', kept: 2, listed: 2, truncated: false });
    const second = after(first, { items: things(2, 2) });
    expect(second).toMatchObject({
      step: 1,
      cursor: undefined,
      kept: 4,
      listed: 0,
      pages: [],
      truncated: false,
    });
  });

  it('leave out what is no thing and fail where there is no list', () => {
    expect(read({ items: [{ id: 'a' }, {}] })).toMatchObject({ items: [{ id: 'a' }], listed: 2 });
    for (const body of [undefined, {}])
      expect(() => read(body)).toThrow(
        'Music answered the request for "tracks" with something that is no list',
      );
  });

  it('never lead in a circle, however long it is', () => {
    const second = after(beginning(), { items: things(1), next: 'b' });
    expect(() => after(second, { items: things(1), next: 'b' })).toThrow('leads in a circle');
    const third = after(second, { items: [], next: 'c' });
    expect(() => after(third, { items: [], next: 'b' })).toThrow('leads in a circle');
  });

  it('end at the bounds, and say so', () => {
    let at = beginning();
    for (const next of ['b', 'c', 'd']) at = after(at, { items: things(1), next });
    expect(at).toMatchObject({ step: 1, truncated: true });
    const full = afterPage(
      'Music',
      step,
      { ...beginning(), kept: MAX_ITEMS - 1 },
      read({ items: things(3) }),
    );
    expect(full.items).toHaveLength(1);
    expect(full.at).toMatchObject({ kept: MAX_ITEMS, truncated: true, step: 1 });
    expect(() => read({ items: [], next: 'x'.repeat(5_000) })).toThrow('too long a cursor');
  });

  it('bring progress that follows what the platform says there is, and grows without it', () => {
    const before = beginning();
    const known = read({ items: things(5), next: 'b', total: 10 });
    const halfWay = { before, page: known, after: afterPage('Music', step, before, known).at };
    expect(progressOf(step, 2, halfWay)).toEqual({ phase: 'tracks', done: 5, total: 10, percent: 24.75 });
    const percents: number[] = [];
    let at = before;
    for (const next of ['b', 'c', undefined]) {
      const page = read({ items: things(1), next });
      const { at: following } = afterPage('Music', step, at, page);
      percents.push(progressOf(step, 1, { before: at, page, after: following }).percent as number);
      at = following;
    }
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(99);
  });
});
