import type { JsonObject, Lorebook } from './cards/card.types.js';

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

/** What a card says beyond that, as far as this service has names for it. */
export interface CardDetails {
  /** What `{{char}}` becomes, where it is not the name. */
  nickname: string;
  /** Openings for conversations of more than two. */
  groupOnlyGreetings: string[];
  /** By language, as ISO 639-1. */
  creatorNotesMultilingual: Record<string, string>;
  /** Ids or addresses of where the card comes from. */
  source: string[];
  /** Whom the card names as its maker; an account is `creatorId`. */
  author: string;
  characterVersion: string;
  /** Free for applications; namespaced keys, as the card specifications want. */
  extensions: JsonObject;
}

export interface PersonalityTrait {
  name: string;
  /** 0 to 1. */
  weight: number;
}

/** How a character is, in terms that replies can be compared with. The card's own `personality` is free text. */
export interface PersonalityProfile {
  traits: PersonalityTrait[];
  tone: string;
  style: string;
}

/** A character as the service keeps and caches it. Holds its creator's prompts: never send it as it is. */
export interface Character extends CharacterContent, CardDetails {
  id: string;
  /** null once the creator's account is gone; then only an administrator may change the character. */
  creatorId: string | null;
  personalityProfile: PersonalityProfile;
  /** Counts up without a new version, so a cached record may be as far behind as its TTL. */
  conversationCount: number;
  /** Goes up with every change, the ones to the prompt, the personality and the lorebook included. */
  version: number;
  promptVersion: number;
  personalityVersion: number;
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
  tokenCounts: PromptTokenCounts;
  system: string;
  postHistory: string;
  greeting: string;
  alternateGreetings: string[];
  exampleDialogue: string;
}

/** Kept apart from the character: only prompts need it, and it may be the largest part. */
export interface CharacterLorebook {
  lorebook: Lorebook;
  version: number;
}

/** Of each part as it is written, before macros are filled in. */
export interface PromptTokenCounts {
  system: number;
  postHistory: number;
  greeting: number;
  alternateGreetings: number[];
  exampleDialogue: number;
}
