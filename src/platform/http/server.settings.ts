import { IsArray, IsBoolean, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { Setting } from '../../config/setting.js';

const DAY_MS = 86_400_000;

export class ServerSettings {
  @Setting({ env: 'PORT', type: 'integer', description: 'TCP port of the API. 0 takes any free one.' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port = 3000;

  @Setting({
    env: 'HOST',
    productionDefault: '0.0.0.0',
    description: 'Address to listen on. The default outside production is reachable from this computer only.',
  })
  @IsString()
  host = '127.0.0.1';

  @Setting({
    env: 'PUBLIC_URL',
    example: 'https://rapport.example.com',
    description: 'The address clients use, for absolute links and the OpenAPI document.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  publicUrl?: string;

  @Setting({
    env: 'CORS_ORIGINS',
    type: 'list',
    example: 'https://app.example.com',
    description:
      'Origins whose pages may call the API from a browser. None by default; * allows every origin.',
  })
  @IsArray()
  @Matches(/^(\*|https?:\/\/[^/\s]+)$/, {
    each: true,
    message: 'corsOrigins must be origins such as https://app.example.com (no path), or *',
  })
  corsOrigins: string[] = [];

  @Setting({
    env: 'TRUST_PROXY',
    type: 'list',
    example: '10.0.0.0/8',
    description:
      'Proxies whose X-Forwarded-* headers are believed: addresses, CIDR ranges, "loopback", or true for any. None by default.',
  })
  @IsArray()
  @Matches(/^(true|false|\*|loopback|linklocal|uniquelocal|[\da-fA-F.:]{2,}(\/\d{1,3})?)$/, {
    each: true,
    message: 'trustProxy must be addresses, CIDR ranges, loopback, linklocal, uniquelocal, or true',
  })
  trustProxy: string[] = [];

  @Setting({
    env: 'BODY_LIMIT',
    type: 'integer',
    description: 'Largest request body in bytes; imports have their own.',
  })
  @IsInt()
  @Min(1024)
  @Max(100 * 1_048_576)
  bodyLimit = 1_048_576;

  @Setting({
    env: 'DRAIN_DELAY',
    type: 'duration',
    productionDefault: '5s',
    description: 'How long a stopping server goes on serving while load balancers take it out.',
  })
  @IsInt()
  @Min(0)
  @Max(DAY_MS)
  drainDelayMs = 0;

  @Setting({
    env: 'SHUTDOWN_GRACE',
    type: 'duration',
    description:
      'How long a stopping server may take in all. Replies that are being generated may end until 5 s before; what remains then is ended with the process.',
  })
  @IsInt()
  @Min(0)
  @Max(DAY_MS)
  shutdownGraceMs = 45_000;

  @Setting({
    env: 'SSE_MAX_PER_USER',
    type: 'integer',
    description: 'Event streams that one user may have open at this instance at once.',
  })
  @IsInt()
  @Min(1)
  sseMaxPerUser = 20;

  @Setting({
    env: 'SERVER_TIMING',
    type: 'boolean',
    productionDefault: 'false',
    description: 'Tells in a Server-Timing header how many database queries an answer took.',
  })
  @IsBoolean()
  serverTiming = true;
}
