import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CharactersService } from '../characters/characters.service.js';
import { CharacterStatsService, type ActivitySource } from '../characters/stats/character-stats.service.js';
import type { CharacterDay } from '../characters/stats/character-stats.types.js';
import { Database } from '../platform/database/database.js';
import type { ConversationRef } from './conversation.js';
import type { Ended } from './generations/generation-end.js';
import type { GenerationEntity } from './generations/generation.entity.js';

type Row = Omit<CharacterDay, 'day'>;

/** Tells characters what they are used for, in the transactions that use them, and what the truth is afterwards. */
@Injectable()
export class CharacterActivity implements ActivitySource, OnModuleInit {
  constructor(
    private readonly characters: CharactersService,
    private readonly stats: CharacterStatsService,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.stats.reconcileWith(this);
  }

  async started({ characterId, userId }: ConversationRef, withGreeting: boolean): Promise<void> {
    await this.characters.recordConversation(characterId);
    await this.stats.record({ characterId, userId, conversations: 1, messages: withGreeting ? 1 : 0 });
  }

  async said({ characterId, userId }: ConversationRef): Promise<void> {
    await this.stats.record({ characterId, userId, messages: 1 });
  }

  /** `stored`: something had been said, so there is a message. */
  async answered(
    { characterId, userId, createdAt }: GenerationEntity,
    { status, promptTokens, completionTokens }: Pick<Ended, 'status' | 'promptTokens' | 'completionTokens'>,
    stored: boolean,
  ): Promise<void> {
    const isReply = status === 'completed';
    if (!stored && !isReply) return;
    await this.stats.record({
      characterId,
      userId,
      messages: stored ? 1 : 0,
      ...(isReply && {
        reply: {
          ms: Date.now() - createdAt.getTime(),
          tokens: (promptTokens ?? 0) + (completionTokens ?? 0),
        },
      }),
    });
  }

  async activityOn(day: string): Promise<CharacterDay[]> {
    // Generations are found by when they were asked for, which has an index; none takes a day.
    const rows = await this.database.manager.query<Row[]>(
      `WITH bounds AS (SELECT $1::date::timestamp AT TIME ZONE 'UTC' AS since,
                              ($1::date + 1)::timestamp AT TIME ZONE 'UTC' AS until)
       SELECT character_id AS "characterId", sum(conversations)::int AS conversations,
              sum(messages)::int AS messages, sum(replies)::int AS replies,
              round(sum(reply_ms))::float8 AS "replyMs", sum(tokens)::float8 AS tokens,
              max(at) AS "lastActiveAt"
       FROM (
         SELECT character_id, created_at AS at, 1 AS conversations, 0 AS messages, 0 AS replies, 0 AS reply_ms, 0 AS tokens
         FROM conversations, bounds WHERE created_at >= since AND created_at < until
         UNION ALL
         SELECT c.character_id, m.created_at, 0, 1, 0, 0, 0
         FROM bounds, messages m JOIN conversations c ON c.id = m.conversation_id
         WHERE m.created_at >= since AND m.created_at < until
         UNION ALL
         SELECT character_id, completed_at, 0, 0, 1, extract(epoch FROM completed_at - created_at) * 1000,
                coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0)
         FROM generations, bounds
         WHERE status = 'completed' AND completed_at >= since AND completed_at < until
           AND created_at >= since - interval '1 day' AND created_at < until
       ) AS activity
       GROUP BY 1`,
      [day],
    );
    return rows.map((row) => ({ ...row, day }));
  }
}
