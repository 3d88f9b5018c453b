import { Global, Module } from '@nestjs/common';
import { EventLog } from './event-log.service.js';
import { EventOutbox } from './event-outbox.service.js';

@Global()
@Module({ providers: [EventLog, EventOutbox], exports: [EventLog, EventOutbox] })
export class EventsModule {}
