import { changeOf } from './profile-patch.js';

const current = {
  username: 'Ann',
  usernameNormalized: 'ann',
  usernameSkeleton: 'ann',
  displayName: 'Ann A.',
  bio: 'Hello',
  avatarUrl: 'https://img.example/a.png',
  locale: 'de-DE',
  timezone: 'Europe/Berlin',
};

describe('a profile patch', () => {
  it('keeps what it does not mention and is empty when nothing changes', () => {
    expect(changeOf(current, {})).toEqual({});
    expect(changeOf(current, { bio: 'Hello', username: 'Ann', locale: 'de-DE' })).toEqual({});
    expect(changeOf(current, { bio: 'Bye' })).toEqual({ bio: 'Bye' });
  });

  it('clears with null; a cleared display name is the username, the new one if it changes too', () => {
    expect(changeOf(current, { bio: null, avatarUrl: null, locale: null, timezone: null })).toEqual({
      bio: '',
      avatarUrl: null,
      locale: null,
      timezone: null,
    });
    expect(changeOf(current, { displayName: null })).toEqual({ displayName: 'Ann' });
    expect(changeOf(current, { displayName: null, username: 'Annika' })).toEqual({
      displayName: 'Annika',
      username: 'Annika',
      usernameNormalized: 'annika',
      usernameSkeleton: 'annlka',
    });
  });

  it('changes the capitals of a name without changing the name', () => {
    expect(changeOf(current, { username: 'ANN' })).toEqual({ username: 'ANN' });
  });

  it('refuses a username that nobody may have, and says what is wrong with it', () => {
    expect(() => changeOf(current, { username: 'admin' })).toThrow(
      expect.objectContaining({
        code: 'validation-failed',
        errors: [expect.objectContaining({ pointer: '#/username', code: 'reserved' })],
      }),
    );
  });

  it('writes languages in their canonical form', () => {
    expect(changeOf(current, { locale: 'EN-us' })).toEqual({ locale: 'en-US' });
  });
});
