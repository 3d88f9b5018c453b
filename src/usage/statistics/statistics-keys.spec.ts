import { StatisticsKeys, UNITS } from './statistics-keys.js';

const keys = new StatisticsKeys('rapport:test');
/** What decides on the slot of a Cluster. */
const tagOf = (key: string): string | undefined => /\{(.+?)\}/.exec(key)?.[1];

describe('the Redis keys of usage statistics', () => {
  it('are those that operators know', () => {
    expect(keys.ofUser('u1', 'hours')).toBe('rapport:test:usage:{u1}:hours');
    expect(keys.activeUsers('2026-11-20')).toBe('rapport:test:usage:{2026-11-20}:users');
    expect(keys.activeUsers('2026-11-20', 'c1')).toBe('rapport:test:usage:{2026-11-20}:users:c1');
    expect(keys.characters('2026-11-20', 'messages')).toBe(
      'rapport:test:usage:{characters}:messages:2026-11-20',
    );
  });

  it('lie in one slot where one script takes them', () => {
    expect(new Set(UNITS.map((unit) => tagOf(keys.ofUser('u1', unit))))).toEqual(new Set(['u1']));
    expect(tagOf(keys.activeUsers('2026-11-20'))).toBe(tagOf(keys.activeUsers('2026-11-20', 'c1')));
    expect(tagOf(keys.characters('2026-11-20', 'messages'))).toBe(
      tagOf(keys.characters('2026-11-19', 'tokens')),
    );
  });
});
