import { isAdmin, type Actor } from '../platform/actor/actor.js';
import type { Character } from './characters.types.js';

type Owned = Pick<Character, 'creatorId' | 'visibility'>;

/** Only the creator or an administrator changes a character, and sees its prompts. */
export const mayChange = (actor: Actor, character: Owned): boolean =>
  isAdmin(actor) || character.creatorId === actor.id;

/** Unlisted is for whoever knows the id; private is for those who may change it. */
export const maySee = (actor: Actor, character: Owned): boolean =>
  character.visibility !== 'private' || mayChange(actor, character);
