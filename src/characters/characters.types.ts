export const VISIBILITIES = ['public', 'unlisted', 'private'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export const SORTS = ['popular', 'recent', 'name'] as const;
export type CharacterSort = (typeof SORTS)[number];

/** What its creator writes. Everything but the name may be empty. */
export interface CharacterContent {
  name: string;
  description: string;
  personality: string;
  scenario: string;
  firstMessage: string;
  alternateGreetings: string[];
  /** Blocks that start with `<START>` and hold `{{char}}:` and `{{user}}:` lines. */
  exampleDialogue: string;
  systemPrompt: string;
  postHistoryInstructions: string;
  creatorNotes: string;
  /** Trimmed, lower case, without repetitions. */
  tags: string[];
  visibility: Visibility;
}

/** A character as the service keeps and caches it. Holds its creator's prompts: never send it as it is. */
export interface Character extends CharacterContent {
  id: string;
  /** null once the creator's account is gone; then only an administrator may change the character. */
  creatorId: string | null;
  /** Counts up without a new version, so a cached record may be as far behind as its TTL. */
  conversationCount: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
}

/** A line of a list: no prompts, only the beginning of the description. */
export interface CharacterHead extends Pick<
  Character,
  'id' | 'creatorId' | 'name' | 'tags' | 'visibility' | 'conversationCount' | 'createdAt' | 'updatedAt'
> {
  excerpt: string;
}

/** The parts of a prompt that stay the same from message to message. */
export interface CharacterPrompt {
  version: number;
  system: string;
  postHistory: string;
  greeting: string;
  alternateGreetings: string[];
  exampleDialogue: string;
}
