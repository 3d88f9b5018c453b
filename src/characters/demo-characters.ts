import { Injectable } from '@nestjs/common';
import { CacheEvict } from '@rapport/cache';
import { Clock } from '../platform/clock/clock.js';
import { publicCharacters } from './characters.cache.js';
import { CharactersRepository } from './characters.repository.js';
import { EMPTY_REST } from './cards/card-mapping.js';
import { contentOf, fromDraft } from './characters.rules.js';
import { DEMO_CHARACTERS } from './demo-characters.data.js';

/** Somebody to talk to on a fresh installation. */
@Injectable()
export class DemoCharacters {
  constructor(
    private readonly characters: CharactersRepository,
    private readonly clock: Clock,
  ) {}

  /** Writes the demo characters if there has never been any character. @returns how many were written */
  @CacheEvict(publicCharacters, { all: true })
  async ensure(creatorId: string | null): Promise<number> {
    if (!(await this.characters.isEmpty())) return 0;
    const now = this.clock.now();
    return this.characters.insert(
      DEMO_CHARACTERS.map(({ id, ...draft }) => ({
        ...contentOf(fromDraft(draft)),
        id,
        creatorId,
        card: EMPTY_REST,
        createdAt: now,
        updatedAt: now,
      })),
    );
  }
}
