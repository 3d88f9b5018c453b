import { LIMITS } from '../characters.rules.js';

const MiB = 1024 * 1024;

/** The largest file that is read as a card, in bytes. */
export const CARD_FILE_BYTES = 20 * MiB;

/** What a card's document may hold. Texts are measured in UTF-16 units, as everywhere. */
export const CARD_LIMITS = {
  /** Bytes of the JSON document, whatever it was wrapped in. */
  documentBytes: 4 * MiB,
  /** Arrays, objects and their members together. */
  documentValues: 250_000,
  nesting: 64,
  data: {
    name: LIMITS.name,
    description: LIMITS.description,
    personality: LIMITS.personality,
    scenario: LIMITS.scenario,
    first_mes: LIMITS.greeting,
    mes_example: LIMITS.exampleDialogue,
    creator_notes: LIMITS.creatorNotes,
    system_prompt: LIMITS.systemPrompt,
    post_history_instructions: LIMITS.postHistoryInstructions,
    creator: 400,
    character_version: 200,
    nickname: LIMITS.name,
  },
  greeting: LIMITS.greeting,
  greetings: LIMITS.greetings,
  /** More than a character has: what it cannot take is kept for the export. */
  tag: 200,
  tags: 200,
  sources: 200,
  address: 2_000,
  languages: 100,
  assets: 1_000,
  assetWord: 200,
  /** An asset's address may be the asset itself, as `data:` */
  assetAddress: 2 * MiB,
  lorebook: {
    entries: 2_000,
    keys: 256,
    key: 1_000,
    content: 50_000,
    name: 400,
    text: 20_000,
  },
} as const;

/** What an image may be made of. */
export const PNG_LIMITS = {
  chunks: 20_000,
  /** Chunks that hold a card or an asset, and those that might. */
  textChunks: 1_000,
  /** A card as base64 of base64, with room. */
  cardChunkBytes: 8 * MiB,
} as const;

/** What an archive may hold. */
export const ARCHIVE_LIMITS = {
  entries: 1_000,
  entryBytes: CARD_FILE_BYTES,
  totalBytes: 40 * MiB,
  nameBytes: 512,
} as const;
