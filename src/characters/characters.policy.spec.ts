import type { Actor } from '../platform/actor/actor.js';
import { mayChange, maySee } from './characters.policy.js';

const creator: Actor = { id: 'creator', role: 'user' };
const stranger: Actor = { id: 'stranger', role: 'user' };
const admin: Actor = { id: 'admin', role: 'admin' };

describe('who may see and change a character', () => {
  it.each(['public', 'unlisted', 'private'] as const)(
    'its creator and an admin see and change a %s one',
    (visibility) => {
      for (const actor of [creator, admin]) {
        expect(maySee(actor, { creatorId: 'creator', visibility })).toBe(true);
        expect(mayChange(actor, { creatorId: 'creator', visibility })).toBe(true);
      }
    },
  );

  it.each(['public', 'unlisted'] as const)('a stranger sees a %s one and may not change it', (visibility) => {
    expect(maySee(stranger, { creatorId: 'creator', visibility })).toBe(true);
    expect(mayChange(stranger, { creatorId: 'creator', visibility })).toBe(false);
  });

  it('a stranger does not see a private one', () => {
    expect(maySee(stranger, { creatorId: 'creator', visibility: 'private' })).toBe(false);
  });

  it('a character whose creator is gone belongs to administrators only', () => {
    expect(mayChange(creator, { creatorId: null, visibility: 'public' })).toBe(false);
    expect(mayChange(admin, { creatorId: null, visibility: 'public' })).toBe(true);
  });
});
