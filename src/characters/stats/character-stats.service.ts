import { Injectable, Logger } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import type { Actor } from '../../platform/actor/actor.js';
import { Clock } from '../../platform/clock/clock.js';
import { Database } from '../../platform/database/database.js';
import { characterStats } from '../characters.cache.js';
import { CharactersService } from '../characters.service.js';
import { CharacterStatsRepository } from './character-stats.repository.js';
import type { CharacterDay, CharacterStatistics } from './character-stats.types.js';

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;
/** Rows that a day is spread over, so that people who talk with one character do not wait for each other. */
const SLOTS = 8;
/** A transaction that began before midnight is over by then. */
const CLOSED_AFTER_MS = 3_600_000;

/** What somebody did with a character; what is absent is none. */
export interface Activity {
  characterId: string;
  userId: string;
  conversations?: number;
  messages?: number;
  /** A reply that was completed: how long it took, from asking to its last word. */
  reply?: { ms: number; tokens: number };
  /** @default now */
  at?: Date;
}

/** Where the truth is that the counts are reconciled with: whoever keeps the messages. */
export interface ActivitySource {
  /** Every character that was used on that day (ISO date, UTC), once. */
  activityOn(day: string): Promise<CharacterDay[]>;
}

/**
 * What characters are used for, counted in the transactions that use them, by UTC day. Days that are over are compared
 * with the truth once, and put right.
 */
@Injectable()
export class CharacterStatsService {
  private readonly logger = new Logger(CharacterStatsService.name);
  private source?: ActivitySource;

  constructor(
    private readonly characters: CharactersService,
    private readonly rows: CharacterStatsRepository,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Joins the running transaction. Drops nothing from the cache, see `characterStats`. */
  async record({ characterId, userId, reply, at, ...counts }: Activity): Promise<void> {
    const lastActiveAt = at ?? this.clock.now();
    const day: CharacterDay = {
      characterId,
      day: isoDay(lastActiveAt),
      conversations: counts.conversations ?? 0,
      messages: counts.messages ?? 0,
      replies: reply ? 1 : 0,
      replyMs: Math.max(0, Math.round(reply?.ms ?? 0)),
      tokens: reply?.tokens ?? 0,
      lastActiveAt,
    };
    await this.rows.add(day, slotOf(userId), userId);
  }

  async get(actor: Actor, characterId: string): Promise<CharacterStatistics> {
    const { id } = await this.characters.getVisible(actor, characterId);
    return this.statistics(id);
  }

  @Cacheable(characterStats)
  async statistics(characterId: string): Promise<CharacterStatistics> {
    const asOf = this.clock.now();
    const since = (days: number): string => isoDay(new Date(asOf.getTime() - (days - 1) * DAY_MS));
    return {
      windows: {
        day: await this.rows.window(characterId, since(1)),
        week: await this.rows.window(characterId, since(WEEK_DAYS)),
        all: await this.rows.window(characterId, null),
      },
      asOf,
    };
  }

  /** Whoever keeps the messages says so; without one nothing is reconciled. */
  reconcileWith(source: ActivitySource): void {
    this.source = source;
  }

  /** Each day of the last week that is over, once; by one instance. @returns how many characters were put right */
  async reconcile(signal?: AbortSignal): Promise<number> {
    const { source } = this;
    if (!source) return 0;
    let corrected = 0;
    const now = this.clock.now().getTime() - CLOSED_AFTER_MS;
    for (let back = WEEK_DAYS; back >= 1 && !signal?.aborted; back--) {
      const day = isoDay(new Date(now - back * DAY_MS));
      corrected += await this.database.transaction(async () =>
        (await this.rows.claim(day)) ? this.rows.replaceDay(day, await source.activityOn(day)) : 0,
      );
    }
    if (corrected > 0)
      this.logger.warn(`The statistics of ${corrected} character days were wrong and put right`);
    return corrected;
  }
}

const isoDay = (at: Date): string => at.toISOString().slice(0, 10);

/** The same person always counts in the same row: two rows of one day are never locked in two orders. */
const slotOf = (userId: string): number => Number.parseInt(userId.slice(-2), 16) % SLOTS || 0;
