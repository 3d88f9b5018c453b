import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventLog } from '../events/event-log.service.js';
import { SseConnections } from '../http/sse-connections.js';
import { Metrics } from './metrics.js';

/** The event log, and who follows it over HTTP. */
@Injectable()
export class StreamMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly events: EventLog,
    private readonly connections: SseConnections,
  ) {}

  onModuleInit(): void {
    this.metrics.readGauge({
      name: 'sse_connections',
      help: 'Open event streams over HTTP.',
      read: () => this.connections.size,
    });
    this.metrics.readCounter({
      name: 'events_appended_total',
      help: 'Events appended, by the log that took them: the shared one, or that of this process alone.',
      labels: ['log'],
      read: () => {
        const { appended, keptLocal } = this.events.counts;
        return [
          { labels: { log: 'shared' }, value: appended },
          { labels: { log: 'local' }, value: keptLocal },
        ];
      },
    });
  }
}
