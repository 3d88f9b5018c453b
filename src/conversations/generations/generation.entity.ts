import { Column, Entity, PrimaryColumn } from 'typeorm';

export type GenerationStatus = 'queued' | 'streaming' | 'completed' | 'cancelled' | 'failed';

export interface GenerationParameters {
  model?: string;
  maxTokens?: number;
  temperature?: number;
  seed?: number;
}

@Entity('generations')
export class GenerationEntity {
  @PrimaryColumn('uuid')
  id!: string;

  /** Numbered by the database under the conversation's lock: ids follow the clocks of those who make them. */
  @Column({ type: 'bigint', insert: false, update: false })
  ordinal!: string;

  @Column('uuid', { name: 'conversation_id' })
  conversationId!: string;

  /** The user's message that is answered. */
  @Column('uuid', { name: 'parent_message_id' })
  parentMessageId!: string;

  /** The id that the reply will be stored under, known from the start so that deltas can name it. */
  @Column('uuid', { name: 'reply_message_id' })
  replyMessageId!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('uuid', { name: 'character_id' })
  characterId!: string;

  @Column('text')
  status!: GenerationStatus;

  @Column('jsonb')
  parameters!: GenerationParameters;

  /** What has been said so far, written with every heartbeat; final when the generation has ended. */
  @Column('text')
  text!: string;

  @Column('text', { name: 'finish_reason', nullable: true })
  finishReason!: string | null;

  @Column('jsonb', { nullable: true })
  error!: Record<string, unknown> | null;

  @Column('int', { name: 'prompt_tokens', nullable: true })
  promptTokens!: number | null;

  @Column('int', { name: 'completion_tokens', nullable: true })
  completionTokens!: number | null;

  /** Version of the character whose prompt was used. */
  @Column('int', { name: 'prompt_version', nullable: true })
  promptVersion!: number | null;

  @Column('uuid', { name: 'reservation_id', nullable: true })
  reservationId!: string | null;

  /** The client's own id of a request over a socket, so that one sent again is recognised. */
  @Column('text', { name: 'client_request_id', nullable: true })
  clientRequestId!: string | null;

  /** The conversation's newest seq when another variant was asked for; null for the first reply to a message. */
  @Column('int', { name: 'asked_seq', nullable: true })
  askedSeq!: number | null;

  /** The process that streams it. */
  @Column('text', { nullable: true })
  instance!: string | null;

  @Column('timestamptz', { name: 'heartbeat_at', nullable: true })
  heartbeatAt!: Date | null;

  @Column('timestamptz', { name: 'cancel_requested_at', nullable: true })
  cancelRequestedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  @Column('timestamptz', { name: 'completed_at', nullable: true })
  completedAt!: Date | null;
}
