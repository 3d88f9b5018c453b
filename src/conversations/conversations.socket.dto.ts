import { IsInt, IsOptional, IsString, MaxLength, Min, MinLength } from 'class-validator';
import { MarkRead } from './conversations.dto.js';
import { EditMessage, PostMessage, RegenerateReply } from './messages/messages.dto.js';
import { IsId } from '../platform/ids/is-id.js';

export class JoinConversation {
  @IsId()
  conversationId!: string;

  /** The last event of the conversation's stream that the client has seen. */
  @IsOptional()
  @IsInt()
  @Min(0)
  after?: number;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  epoch?: string;
}

export class LeaveConversation {
  @IsId()
  conversationId!: string;
}

export class SendMessage extends PostMessage {
  @IsId()
  conversationId!: string;
}

export class EditSentMessage extends EditMessage {
  @IsId()
  conversationId!: string;

  @IsId()
  messageId!: string;
}

export class DeleteSentMessage {
  @IsId()
  conversationId!: string;

  @IsId()
  messageId!: string;
}

export class CancelReply {
  @IsId()
  generationId!: string;
}

export class RegenerateSaid extends RegenerateReply {
  /** A reply, or the message that it answers. */
  @IsId()
  messageId!: string;

  /** The client's own id of this request; sent again it changes nothing. */
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  clientRequestId!: string;
}

export class ReadConversation extends MarkRead {
  @IsId()
  conversationId!: string;
}
