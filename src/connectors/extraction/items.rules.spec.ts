import { storable } from './items.rules.js';

describe('what is kept of things', () => {
  it('is what the platform says, and 1 where it gives no weight', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    expect(
      storable([{ id: 'a', at, title: 'Title', labels: ['jazz', 'jazz', 'folk'], weight: 2.5 }]),
    ).toEqual([
      { id: 'a', at: '2026-01-02T03:04:05.678Z', title: 'Title', labels: ['jazz', 'folk'], weight: 2.5 },
    ]);
    expect(storable([{ id: 'a', labels: [] }])).toEqual([
      { id: 'a', at: null, title: null, labels: [], weight: 1 },
    ]);
  });

  it('has each id once, the last of them', () => {
    const things = [
      { id: 'a', labels: ['old'] },
      { id: 'b', labels: [] },
      { id: 'a', labels: ['new'] },
    ];
    expect(storable(things).map(({ id, labels }) => [id, labels])).toEqual([
      ['a', ['new']],
      ['b', []],
    ]);
  });

  it('is bounded and can be stored, whatever it is', () => {
    const [wild] = storable([
      {
        id: 'a\u0000',
        at: new Date(NaN),
        title: `${'x'.repeat(299)}😀 and more`,
        labels: ['\ud800', ' ', ...Array.from({ length: 100 }, (_, at) => `${at}`.padStart(100, 'l'))],
        weight: Infinity,
      },
    ]);
    expect(wild).toMatchObject({ id: 'a', at: null, title: 'x'.repeat(299), weight: 1 });
    expect(wild?.labels.every((label) => label.length <= 64 && encodeURI(label))).toBe(true);
    expect(wild?.labels.length).toBeLessThanOrEqual(32);
    expect(storable([{ id: 'y', labels: [], weight: -3 }])[0]?.weight).toBe(1);
    expect(storable([{ id: 'y', labels: [], weight: 1e30 }])[0]?.weight).toBe(1_000);
    expect(storable([{ id: 'y', labels: [], at: new Date('+200000-01-01T00:00:00Z') }])[0]?.at).toBeNull();
  });

  it('is nothing without an id that tells it from others', () => {
    expect(
      storable([
        { id: '', labels: [] },
        { id: 'x'.repeat(1_000), labels: [] },
      ]),
    ).toEqual([]);
  });
});
