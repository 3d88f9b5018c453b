/** A value that JSON can say. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
/** A JSON object. Its members are unknown: whoever reads one checks it first. */
export type JsonObject = { [name: string]: Json };

export type CardSpec = 'v1' | 'v2' | 'v3';

// Members that the specifications do not know are kept at every level: they are there at runtime although these types do
// not say so (an index signature would let every misspelt name pass).

/** One piece of knowledge, put into the prompt when one of its keys is mentioned. */
export interface LorebookEntry {
  keys: string[];
  content: string;
  extensions: JsonObject;
  enabled: boolean;
  /** Where two fire, the lower number stands first. */
  insertion_order: number;
  /** Keys are regular expressions, as `/pattern/flags` or bare. */
  use_regex: boolean;
  case_sensitive?: boolean;
  /** Fires always, within the budget. */
  constant?: boolean;
  name?: string;
  /** Where the budget is short, the lower number is dropped first. */
  priority?: number;
  id?: number | string;
  comment?: string;
  /** Needs one of `secondary_keys` beside one of `keys`. */
  selective?: boolean;
  secondary_keys?: string[];
  position?: 'before_char' | 'after_char';
}

/** A lorebook as Character Card V3 has it; those of V2 are the same without regular expressions. */
export interface Lorebook {
  name?: string;
  description?: string;
  /** How many messages back keys are looked for. */
  scan_depth?: number;
  /** The most tokens that all entries together may take. */
  token_budget?: number;
  /** Whether what fired is searched for further keys. */
  recursive_scanning?: boolean;
  extensions: JsonObject;
  entries: LorebookEntry[];
}

/** A picture or sound of a card. */
export interface CardAsset {
  /** `icon`, `background`, `user_icon`, `emotion`, or an `x_…` of somebody's own. */
  type: string;
  /** `embeded://path` (so spelt by the specification), `ccdefault:`, or an address, which is never fetched. */
  uri: string;
  name: string;
  /** Lower case, without the dot. */
  ext: string;
}

/** The `data` of a card: all of V1, V2 and V3. Texts that are absent are empty. */
export interface CardData {
  name: string;
  description: string;
  personality: string;
  scenario: string;
  first_mes: string;
  mes_example: string;
  creator_notes: string;
  system_prompt: string;
  post_history_instructions: string;
  alternate_greetings: string[];
  character_book?: Lorebook;
  tags: string[];
  creator: string;
  character_version: string;
  extensions: JsonObject;
  assets?: CardAsset[];
  /** What `{{char}}` becomes, where it is not the name. */
  nickname?: string;
  /** By language, as ISO 639-1. */
  creator_notes_multilingual?: Record<string, string>;
  /** Ids or addresses of where the card comes from. */
  source?: string[];
  group_only_greetings: string[];
  /** Seconds since 1970. */
  creation_date?: number;
  /** Seconds since 1970. */
  modification_date?: number;
}

/** A character card: the one form that every version and file format is read into and written from. */
export interface CharacterCard {
  data: CardData;
  /** Members that stand beside `data` in the document, other than `spec` and `spec_version`. Often empty. */
  envelope: JsonObject;
}
