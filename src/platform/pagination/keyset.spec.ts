import { orientedKeys, type KeysetColumn } from './keyset.js';

const KEYS: KeysetColumn[] = [
  { expression: 'a.x', type: 'integer', direction: 'desc' },
  { expression: 'a.id', type: 'uuid', direction: 'asc' },
];

describe('orientedKeys', () => {
  it('keeps the list as declared unless the other order is asked for', () => {
    expect(orientedKeys(KEYS, undefined)).toEqual(KEYS);
    expect(orientedKeys(KEYS, 'desc')).toEqual(KEYS);
  });

  it('turns every column, so that the other order is exactly the reverse', () => {
    expect(orientedKeys(KEYS, 'asc').map(({ direction }) => direction)).toEqual(['asc', 'desc']);
  });
});
