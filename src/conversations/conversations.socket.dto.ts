import { IsInt, IsOptional, IsString, IsUUID, MaxLength, Min, MinLength } from 'class-validator';
import { MarkRead } from './conversations.dto.js';
import { EditMessage, PostMessage, RegenerateReply } from './messages/messages.dto.js';

export class JoinConversation {
  @IsUUID()
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
  @IsUUID()
  conversationId!: string;
}

export class SendMessage extends PostMessage {
  @IsUUID()
  conversationId!: string;
}

export class EditSentMessage extends EditMessage {
  @IsUUID()
  conversationId!: string;

  @IsUUID()
  messageId!: string;
}

export class DeleteSentMessage {
  @IsUUID()
  conversationId!: string;

  @IsUUID()
  messageId!: string;
}

export class CancelReply {
  @IsUUID()
  generationId!: string;
}

export class RegenerateSaid extends RegenerateReply {
  /** A reply, or the message that it answers. */
  @IsUUID()
  messageId!: string;

  /** The client's own id of this request; sent again it changes nothing. */
  @IsString()
  @MinLength(1)
  @MaxLength(100)
  clientRequestId!: string;
}

export class ReadConversation extends MarkRead {
  @IsUUID()
  conversationId!: string;
}
