import { SnakeNamingStrategy } from './snake-naming.strategy.js';

describe('SnakeNamingStrategy', () => {
  it.each([
    ['displayName', 'display_name'],
    ['avatarURL', 'avatar_url'],
    ['lastSeq', 'last_seq'],
    ['id', 'id'],
  ])('names the column of %s %s', (property, column) => {
    expect(new SnakeNamingStrategy().columnName(property, undefined, [])).toBe(column);
  });

  it('keeps a name that the entity gives', () => {
    expect(new SnakeNamingStrategy().columnName('displayName', 'shownAs', [])).toBe('shownAs');
  });
});
