import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { isUniqueViolation } from '../../platform/database/database.failures.js';
import { writtenRow } from '../../platform/database/written-row.js';
import { GenerationEntity } from './generation.entity.js';

/** A generation whose process has not been heard of for this long is taken over (contract: within 15 s). */
const ORPHANED_AFTER_SECONDS = 8;

export type NewGeneration = Pick<
  GenerationEntity,
  | 'id'
  | 'conversationId'
  | 'parentMessageId'
  | 'replyMessageId'
  | 'userId'
  | 'characterId'
  | 'parameters'
  | 'reservationId'
> &
  Partial<Pick<GenerationEntity, 'clientRequestId' | 'askedSeq'>>;

export type GenerationEnd = Pick<GenerationEntity, 'status' | 'text'> &
  Partial<
    Pick<GenerationEntity, 'finishReason' | 'error' | 'promptTokens' | 'completionTokens' | 'promptVersion'>
  >;

const ACTIVE = `status IN ('queued', 'streaming')`;

/** As their conversation's lock let them be asked for; those of one number were asked for before there were numbers. */
const AS_ASKED = { ordinal: 'ASC', id: 'ASC' } as const;

/** Another reply of the same conversation is streaming or stands before this one in the queue. */
const earlierIn = (alias: string): string =>
  `EXISTS (SELECT 1 FROM generations o WHERE o.conversation_id = ${alias}.conversation_id AND o.id <> ${alias}.id
     AND (o.status = 'streaming' OR (o.status = 'queued' AND (o.ordinal, o.id) < (${alias}.ordinal, ${alias}.id))))`;

@Injectable()
export class GenerationsRepository {
  constructor(private readonly database: Database) {}

  find(id: string): Promise<GenerationEntity | null> {
    return this.database.manager.findOneBy(GenerationEntity, { id });
  }

  /** Gone with its conversation. */
  findOwned(userId: string, id: string): Promise<GenerationEntity | null> {
    return this.database.manager
      .createQueryBuilder(GenerationEntity, 'g')
      .where('g.id = :id AND g.user_id = :userId', { id, userId })
      .andWhere(
        'EXISTS (SELECT 1 FROM conversations c WHERE c.id = g.conversation_id AND c.deleted_at IS NULL)',
      )
      .getOne();
  }

  /** The first reply that was asked of a message; regenerations come later. */
  findByParent(parentMessageId: string): Promise<GenerationEntity | null> {
    return this.database.manager.findOne(GenerationEntity, {
      where: { parentMessageId },
      order: AS_ASKED,
    });
  }

  findByRequest(userId: string, clientRequestId: string): Promise<GenerationEntity | null> {
    return this.database.manager.findOneBy(GenerationEntity, { userId, clientRequestId });
  }

  activeIn(conversationId: string): Promise<GenerationEntity[]> {
    return this.database.manager
      .createQueryBuilder(GenerationEntity, 'g')
      .where(`g.conversation_id = :conversationId AND g.${ACTIVE}`, { conversationId })
      .orderBy('g.ordinal', 'ASC')
      .addOrderBy('g.id', 'ASC')
      .getMany();
  }

  async insert(row: NewGeneration): Promise<GenerationEntity> {
    const insert = this.database.manager
      .createQueryBuilder()
      .insert()
      .into(GenerationEntity)
      .values({
        ...row,
        parameters: row.parameters as object,
        status: 'queued',
        heartbeatAt: () => 'now()',
      });
    return (await writtenRow(insert)) as GenerationEntity;
  }

  /**
   * Makes this process the one that streams it; false when another has it, or while the conversation's previous reply
   * is still streaming. Replies of a conversation are made one after the other, in order of their messages.
   */
  async claim(id: string, instance: string): Promise<boolean> {
    try {
      const { affected } = await this.database.manager
        .createQueryBuilder()
        .update(GenerationEntity)
        .set({
          status: 'streaming',
          instance,
          heartbeatAt: () => 'now()',
          updatedAt: () => 'now()',
        })
        .where(`id = :id AND status = 'queued' AND NOT ${earlierIn('generations')}`, { id })
        .execute();
      return affected === 1;
    } catch (error) {
      // Two claims at the same moment: the partial unique index lets one reply of a conversation stream at a time.
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  /** Shows that its process lives and keeps what was said so far. False when the generation is over or to be stopped. */
  async heartbeat(id: string, text: string): Promise<boolean> {
    const { affected } = await this.database.manager
      .createQueryBuilder()
      .update(GenerationEntity)
      .set({ text, heartbeatAt: () => 'now()', updatedAt: () => 'now()' })
      .where(`id = :id AND status = 'streaming' AND cancel_requested_at IS NULL`, { id })
      .execute();
    return affected === 1;
  }

  async requestCancel(id: string): Promise<void> {
    await this.database.manager
      .createQueryBuilder()
      .update(GenerationEntity)
      .set({ cancelRequestedAt: () => 'coalesce(cancel_requested_at, now())' })
      .where(`id = :id AND ${ACTIVE}`, { id })
      .execute();
  }

  /**
   * The one step that ends a generation; false when it is no longer as the caller saw it. One that was seen queued must
   * not end under the process that has begun to stream it.
   */
  async end({ id, status }: Pick<GenerationEntity, 'id' | 'status'>, end: GenerationEnd): Promise<boolean> {
    const { affected } = await this.database.manager
      .createQueryBuilder()
      .update(GenerationEntity)
      .set({ ...end, error: end.error as object, completedAt: () => 'now()', updatedAt: () => 'now()' })
      .where(`id = :id AND status = :status AND ${ACTIVE}`, { id, status })
      .execute();
    return affected === 1;
  }

  nextQueued(conversationId: string): Promise<GenerationEntity | null> {
    return this.database.manager.findOne(GenerationEntity, {
      where: { conversationId, status: 'queued' },
      order: AS_ASKED,
    });
  }

  /** Generations whose process is gone: streaming without a heartbeat, or queued with nobody to start them. */
  orphans(limit: number): Promise<GenerationEntity[]> {
    return this.database.manager
      .createQueryBuilder(GenerationEntity, 'g')
      .where(`g.${ACTIVE} AND g.heartbeat_at < now() - make_interval(secs => :seconds)`, {
        seconds: ORPHANED_AFTER_SECONDS,
      })
      .andWhere(`(g.status = 'streaming' OR NOT ${earlierIn('g')})`)
      .orderBy('g.ordinal', 'ASC')
      .limit(limit)
      .getMany();
  }
}
