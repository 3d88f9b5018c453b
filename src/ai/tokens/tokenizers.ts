/** Vocabularies that tokens can be counted with here. */
export const TOKENIZERS = ['cl100k_base', 'o200k_base'] as const;
export type Tokenizer = (typeof TOKENIZERS)[number];

export interface Counting {
  tokenizer: Tokenizer;
  /** Share of the window that is kept free because the model may count otherwise. */
  margin: number;
}

/** What no vocabulary explains: role names, separators, and what a server adds of its own. */
const OWN_VOCABULARY = 0.02;
/** Made of cl100k_base’s words and further ones, so that it counts hardly more; numbers and spaces are split otherwise. */
const DERIVED_VOCABULARY = 0.05;
/** Of any other model. The vocabularies of 32,000 words that older local models have need a quarter more (decision 7). */
const FOREIGN_VOCABULARY = 0.2;

const O200K = /^(?:chatgpt-4o|gpt-(?:4o|4\.1|4\.5|[5-9]|oss)|o[1-9](?:$|[-.:]))/;
const DERIVED = /^(?:meta-)?llama-?[3-9]|^qwen/;
const CL100K = /^gpt-(?:3\.5|4(?:$|-))/;

/**
 * How tokens are counted for a model: by its name, or as configured. Without a model (the offline responder) nothing
 * counts otherwise.
 */
export function countingFor(model: string | undefined, configured?: Tokenizer): Counting {
  if (configured !== undefined) return { tokenizer: configured, margin: OWN_VOCABULARY };
  if (model === undefined) return { tokenizer: 'cl100k_base', margin: OWN_VOCABULARY };
  // Routers put the maker in front: `openai/gpt-4o`.
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  if (O200K.test(name)) return { tokenizer: 'o200k_base', margin: OWN_VOCABULARY };
  if (CL100K.test(name)) return { tokenizer: 'cl100k_base', margin: OWN_VOCABULARY };
  if (DERIVED.test(name)) return { tokenizer: 'cl100k_base', margin: DERIVED_VOCABULARY };
  return { tokenizer: 'cl100k_base', margin: FOREIGN_VOCABULARY };
}
