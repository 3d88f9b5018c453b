import { Column, Entity, PrimaryColumn } from 'typeorm';

export type MessageRole = 'user' | 'character';
export type MessageKind = 'text' | 'audio' | 'media';
export type MessageStatus = 'completed' | 'cancelled' | 'failed';

export interface AttachmentRef {
  kind: 'audio' | 'media';
  assetId: string;
}

@Entity('messages')
export class MessageEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'conversation_id' })
  conversationId!: string;

  @Column('int')
  seq!: number;

  @Column('text')
  role!: MessageRole;

  @Column('uuid', { name: 'sender_id', nullable: true })
  senderId!: string | null;

  @Column('text', { name: 'client_message_id', nullable: true })
  clientMessageId!: string | null;

  @Column('text')
  kind!: MessageKind;

  @Column('text')
  text!: string;

  @Column('jsonb')
  attachments!: AttachmentRef[];

  @Column('uuid', { name: 'reply_to', nullable: true })
  replyTo!: string | null;

  @Column('uuid', { name: 'parent_id', nullable: true })
  parentId!: string | null;

  @Column('uuid', { name: 'generation_id', nullable: true })
  generationId!: string | null;

  /** Whose conversation it is in: searches read one person's messages. */
  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId!: string | null;

  /** Messages of one branch follow each other; a branch is named by the seq of its first message, the first is 0. */
  @Column('int')
  branch!: number;

  /** Where it stands in its branch: twice its seq, and a reply right behind what it answers, whenever it came. */
  @Column('int')
  pos!: number;

  @Column('text')
  status!: MessageStatus;

  @Column('text', { name: 'finish_reason', nullable: true })
  finishReason!: string | null;

  @Column('int', { name: 'prompt_tokens', nullable: true })
  promptTokens!: number | null;

  @Column('int', { name: 'completion_tokens', nullable: true })
  completionTokens!: number | null;

  @Column('timestamptz', { name: 'edited_at', nullable: true })
  editedAt!: Date | null;

  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}

/** What a message said before it was edited. */
@Entity('message_edits')
export class MessageEditEntity {
  @PrimaryColumn('uuid')
  id!: string;

  /** Numbered by the database under the conversation's lock: ids follow the clocks of those who make them. */
  @Column({ type: 'bigint', insert: false, update: false })
  ordinal!: string;

  @Column('uuid', { name: 'message_id' })
  messageId!: string;

  @Column('text')
  text!: string;

  @Column('timestamptz', { name: 'edited_at' })
  editedAt!: Date;
}
