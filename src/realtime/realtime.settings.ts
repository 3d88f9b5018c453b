import { IsBoolean, IsInt, Max, Min } from 'class-validator';
import { Setting } from '../config/setting.js';

export class RealtimeSettings {
  @Setting({
    env: 'SOCKET_PING_INTERVAL',
    type: 'duration',
    description: 'How often a socket is asked whether it is there.',
  })
  @IsInt()
  @Min(100)
  pingIntervalMs = 25_000;

  @Setting({ env: 'SOCKET_PING_TIMEOUT', type: 'duration', description: 'How long its answer may take.' })
  @IsInt()
  @Min(100)
  pingTimeoutMs = 20_000;

  @Setting({ env: 'SOCKET_CONNECT_TIMEOUT', type: 'duration', description: 'How long a handshake may take.' })
  @IsInt()
  @Min(100)
  connectTimeoutMs = 10_000;

  @Setting({
    env: 'SOCKET_MAX_PAYLOAD',
    type: 'integer',
    description:
      'Bytes of a packet beyond which the connection is closed; events are refused from 64 KiB on.',
  })
  @IsInt()
  @Min(65_536)
  @Max(16_777_216)
  maxPayloadBytes = 1_048_576;

  @Setting({
    env: 'SOCKET_HELLO',
    type: 'boolean',
    description: 'Whether server:hello is the first event of every connection.',
  })
  @IsBoolean()
  hello = true;

  @Setting({
    env: 'SOCKET_MAX_PER_USER',
    type: 'integer',
    description: 'Sockets that one user may have at this instance at once.',
  })
  @IsInt()
  @Min(1)
  maxPerUser = 20;

  @Setting({
    env: 'SOCKET_MAX_PER_ADDRESS',
    type: 'integer',
    description: 'Sockets that one client address (IPv6: one /64) may have at this instance at once.',
  })
  @IsInt()
  @Min(1)
  maxPerAddress = 5_000;

  @Setting({
    env: 'SOCKET_HANDSHAKES_PER_MINUTE',
    type: 'integer',
    description: 'Handshakes a minute that one client address may begin at this instance, refused ones too.',
  })
  @IsInt()
  @Min(1)
  handshakesPerMinute = 6_000;

  @Setting({
    env: 'SOCKET_EVENTS_PER_SECOND',
    type: 'integer',
    description:
      'Events that one socket may send for long; twice as many at once. Beyond it the socket is disconnected.',
  })
  @IsInt()
  @Min(1)
  eventsPerSecond = 1_000;

  @Setting({
    env: 'SOCKET_DRAIN_SPREAD',
    type: 'duration',
    description:
      'Over how long a stopping instance spreads the reconnections of its sockets, so that the others are not overrun.',
  })
  @IsInt()
  @Min(0)
  @Max(60_000)
  drainSpreadMs = 5_000;
}
