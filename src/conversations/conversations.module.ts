import { Module } from '@nestjs/common';
import { AiApiModule } from '../ai/ai-api.module.js';
import { AiModule } from '../ai/ai.module.js';
import { CharacterPromptsModule } from '../ai/prompt/character-prompts.module.js';
import { CharactersModule } from '../characters/characters.module.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { UsersModule } from '../users/users.module.js';
import { CharacterActivity } from './character-activity.service.js';
import { ConversationContextController } from './conversation-context.controller.js';
import { ConversationContexts } from './conversation-context.service.js';
import { ConversationEntity } from './conversation.entity.js';
import { ConversationTopic } from './conversation.topic.js';
import { ConversationNews } from './conversation-news.service.js';
import { ConversationStarts } from './conversation-starts.service.js';
import { ConversationStore } from './conversation-store.service.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { ConversationsSocket } from './conversations.socket.js';
import { GenerationEntity } from './generations/generation.entity.js';
import { GenerationMetrics } from './generations/generation-metrics.js';
import { GenerationTopic } from './generations/generation.topic.js';
import { GenerationRunner } from './generations/generation-runner.service.js';
import { GenerationsController } from './generations/generations.controller.js';
import { GenerationsRepository } from './generations/generations.repository.js';
import { GenerationsService } from './generations/generations.service.js';
import { PromptContexts } from './generations/prompt-contexts.service.js';
import { PromptsService } from './generations/prompts.service.js';
import { ReplyEvents } from './generations/reply-events.service.js';
import { ReplyQueue } from './generations/reply-queue.service.js';
import { ReplyStreaming } from './generations/reply-streaming.service.js';
import { MessageEditEntity, MessageEntity } from './messages/message.entity.js';
import { MessagePaths } from './messages/message-paths.repository.js';
import { MessageTree } from './messages/message-tree.service.js';
import { MessageLog } from './messages/message-log.service.js';
import { MessagesController } from './messages/messages.controller.js';
import { MessagesRepository } from './messages/messages.repository.js';
import { MessagesService } from './messages/messages.service.js';
import { OfferedTexts } from './messages/offered-texts.js';
import { SearchController } from './search/search.controller.js';
import { SearchRepository } from './search/search.repository.js';
import { SearchService } from './search/search.service.js';
import { SummariesController } from './summaries/summaries.controller.js';
import { SummariesRepository } from './summaries/summaries.repository.js';
import { SummariesService } from './summaries/summaries.service.js';
import { SummaryJob } from './summaries/summary-job.service.js';
import { SummaryStore } from './summaries/summary-store.service.js';
import { SummaryWriter } from './summaries/summary-writer.service.js';
import { SummaryEntity } from './summaries/summary.entity.js';
import { TypingSocket } from './typing.socket.js';
import { ConversationDataRepository } from './user-data/conversation-data.repository.js';
import { ConversationData } from './user-data/conversation-data.service.js';

@Module({
  imports: [
    UsersModule,
    CharactersModule,
    UsageModule,
    AiApiModule,
    AiModule,
    CharacterPromptsModule,
    DatabaseModule.forFeature([
      ConversationEntity,
      MessageEntity,
      MessageEditEntity,
      GenerationEntity,
      SummaryEntity,
    ]),
  ],
  controllers: [
    SearchController,
    ConversationContextController,
    ConversationsController,
    MessagesController,
    GenerationsController,
    SummariesController,
  ],
  providers: [
    CharacterActivity,
    ConversationContexts,
    ConversationNews,
    ConversationStarts,
    ConversationStore,
    ConversationTopic,
    ConversationsRepository,
    ConversationsService,
    ConversationsSocket,
    GenerationMetrics,
    GenerationRunner,
    GenerationTopic,
    GenerationsRepository,
    GenerationsService,
    MessageLog,
    MessagePaths,
    MessageTree,
    MessagesRepository,
    MessagesService,
    OfferedTexts,
    PromptContexts,
    PromptsService,
    ReplyEvents,
    ReplyQueue,
    ReplyStreaming,
    SearchRepository,
    SearchService,
    SummariesRepository,
    SummariesService,
    SummaryJob,
    SummaryStore,
    SummaryWriter,
    TypingSocket,
    ConversationData,
    ConversationDataRepository,
  ],
  exports: [ConversationsService],
})
export class ConversationsModule {}
