import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MessageTexts } from '../../ai/analysis/message-texts.service.js';
import { MessagesRepository } from './messages.repository.js';

/** Lets messages of conversations be analysed; who asks for that was found to be allowed to. A deleted one is not there. */
@Injectable()
export class OfferedTexts implements OnModuleInit {
  constructor(
    private readonly texts: MessageTexts,
    private readonly messages: MessagesRepository,
  ) {}

  onModuleInit(): void {
    this.texts.offer((id) => this.messages.textOf(id));
  }
}
