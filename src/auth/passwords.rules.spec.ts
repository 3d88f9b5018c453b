import { passwordFaults } from './passwords.rules.js';

const names = { email: 'ann.lee@example.org', username: 'Annie_Lee' };

it.each(['ann.lee@example.org', 'ANN.LEE@EXAMPLE.ORG', 'ann.lee', 'annie_lee'])(
  'refuses the password %s',
  (password) => {
    expect(passwordFaults(password, names)).toEqual([
      expect.objectContaining({ pointer: '#/password', code: 'guessable' }),
    ]);
  },
);

it('accepts any other password', () => {
  expect(passwordFaults('annie_lee and a horse', names)).toEqual([]);
});
