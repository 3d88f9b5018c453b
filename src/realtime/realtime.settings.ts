import { IsInt, Max, Min } from 'class-validator';
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
}
