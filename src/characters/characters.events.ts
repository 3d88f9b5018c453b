/** What happens to a character itself, for those who talk with it. */
export const characterStream = (characterId: string): string => `character:${characterId.toLowerCase()}`;

/** Its audience: sockets that follow the stream. */
export const characterRoom = (characterId: string): string => characterStream(characterId);

/** `{characterId, version}`; read it again to see what is new. */
export const CHARACTER_UPDATED = 'character:updated';
/** `{characterId}`, the last of its stream. */
export const CHARACTER_DELETED = 'character:deleted';
