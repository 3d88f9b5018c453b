import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '../platform/metrics/metrics.js';
import { ConnectedSockets } from './connected-sockets.js';
import { StreamDelivery } from './sync/stream-delivery.js';

/** Sockets, and what is brought to them. */
@Injectable()
export class RealtimeMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly sockets: ConnectedSockets,
    private readonly delivery: StreamDelivery,
  ) {}

  onModuleInit(): void {
    this.metrics.readGauge({
      name: 'sockets_connected',
      help: 'Clients connected to this instance by Socket.IO.',
      read: () => this.sockets.size,
    });
    this.metrics.readGauge({
      name: 'streams_followed',
      help: 'Event streams that somebody at this instance follows.',
      read: () => this.delivery.counts.streams,
    });
    this.metrics.readCounter({
      name: 'events_delivered_total',
      help: 'Events brought to the rooms of this instance.',
      read: () => this.delivery.counts.delivered,
    });
    this.metrics.readCounter({
      name: 'events_repaired_total',
      help: 'Delivered events that were not announced and had to be looked up.',
      read: () => this.delivery.counts.repaired,
    });
  }
}
