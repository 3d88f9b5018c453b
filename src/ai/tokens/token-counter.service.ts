import { createRequire } from 'node:module';
import { Injectable } from '@nestjs/common';
import type { GptEncoding } from 'gpt-tokenizer/GptEncoding';
import { slicesForCounting } from './text.slices.js';
import type { Tokenizer } from './tokenizers.js';

/** Ordinary text only: a user who writes `<|endoftext|>` has written ten characters, not a control token. */
const PLAIN_TEXT = { disallowedSpecial: new Set<string>() };
const MAX_REMEMBERED_CHARS = 2_000_000;
/** Shorter texts are counted faster than they are looked up. */
const MIN_REMEMBERED_CHARS = 64;
/** The library's own cache of merged words; its default of 100,000 entries is more than prompts repeat. */
const MERGE_CACHE_ENTRIES = 20_000;

/**
 * Counts tokens. Each vocabulary (cl100k_base: 41 MB, 140 ms; o200k_base: 70 MB, 525 ms) is loaded by the first count
 * that asks for it: a process that never builds a prompt never pays for one.
 */
@Injectable()
export class TokenCounter {
  private readonly vocabularies = new Map<Tokenizer, Vocabulary>();

  /** Without a tokenizer, with cl100k_base: it counts at least as many as o200k_base in every script compared. */
  count(text: string, tokenizer: Tokenizer = 'cl100k_base'): number {
    let vocabulary = this.vocabularies.get(tokenizer);
    if (!vocabulary) {
      vocabulary = new Vocabulary(tokenizer);
      this.vocabularies.set(tokenizer, vocabulary);
    }
    return vocabulary.count(text);
  }
}

class Vocabulary {
  private encoding?: GptEncoding;
  /** A conversation's messages are counted again on every turn; least recently used first. */
  private readonly remembered = new Map<string, number>();
  private rememberedChars = 0;

  constructor(private readonly tokenizer: Tokenizer) {}

  count(text: string): number {
    if (text.length < MIN_REMEMBERED_CHARS) return this.countNow(text);
    const known = this.remembered.get(text);
    if (known !== undefined) {
      this.remembered.delete(text);
      this.remembered.set(text, known);
      return known;
    }
    const tokens = this.countNow(text);
    this.remember(text, tokens);
    return tokens;
  }

  private countNow(text: string): number {
    if (text === '') return 0;
    this.encoding ??= loadEncoding(this.tokenizer);
    let tokens = 0;
    for (const slice of slicesForCounting(text)) tokens += this.encoding.countTokens(slice, PLAIN_TEXT);
    return tokens;
  }

  private remember(text: string, tokens: number): void {
    if (text.length > MAX_REMEMBERED_CHARS / 10) return;
    this.remembered.set(text, tokens);
    this.rememberedChars += text.length;
    for (const oldest of this.remembered.keys()) {
      if (this.rememberedChars <= MAX_REMEMBERED_CHARS) return;
      this.remembered.delete(oldest);
      this.rememberedChars -= oldest.length;
    }
  }
}

function loadEncoding(tokenizer: Tokenizer): GptEncoding {
  // A require, not an import(): counting stays synchronous, and so does everything that builds prompts.
  const loaded = createRequire(import.meta.url)(`gpt-tokenizer/encoding/${tokenizer}`) as {
    default: GptEncoding;
  };
  loaded.default.setMergeCacheSize(MERGE_CACHE_ENTRIES);
  return loaded.default;
}
