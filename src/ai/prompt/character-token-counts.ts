import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CharactersService } from '../../characters/characters.service.js';
import { TokenCounter } from '../tokens/token-counter.service.js';

/** Tells characters how long their prompts are for models, which stand to the right of them. */
@Injectable()
export class CharacterTokenCounts implements OnModuleInit {
  constructor(
    private readonly characters: CharactersService,
    private readonly counter: TokenCounter,
  ) {}

  onModuleInit(): void {
    this.characters.countTokensWith((text) => this.counter.count(text));
  }
}
