import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../config/setting.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What a password costs to check, and how often one may guess. */
export class PasswordSettings {
  @Setting({
    env: 'AUTH_ARGON2_MEMORY_KIB',
    type: 'integer',
    description: 'Memory of one Argon2id hash in KiB (OWASP: 19456 with 2 passes).',
  })
  @IsInt()
  @Min(8)
  @Max(4_194_304)
  argon2MemoryKib = 19_456;

  @Setting({ env: 'AUTH_ARGON2_PASSES', type: 'integer', description: 'Passes of one Argon2id hash.' })
  @IsInt()
  @Min(1)
  @Max(100)
  argon2Passes = 2;

  @Setting({ env: 'AUTH_ARGON2_LANES', type: 'integer', description: 'Threads of one Argon2id hash.' })
  @IsInt()
  @Min(1)
  @Max(16)
  argon2Lanes = 1;

  @Setting({
    env: 'AUTH_HASH_CONCURRENCY',
    type: 'integer',
    description:
      'Passwords hashed at the same time. Node has 4 worker threads; the rest of the service needs one of them.',
  })
  @IsInt()
  @Min(1)
  @Max(64)
  hashConcurrency = 3;

  @Setting({
    env: 'AUTH_HASH_QUEUE',
    type: 'integer',
    description:
      'Passwords that may wait to be hashed; more are answered 503, so that a flood of logins costs bounded memory.',
  })
  @IsInt()
  @Min(0)
  @Max(10_000)
  hashQueue = 64;

  @Setting({
    env: 'AUTH_LOGIN_WINDOW',
    type: 'duration',
    description: 'The window in which failed logins are counted.',
  })
  @IsInt()
  @Min(1_000)
  @Max(DAY_MS)
  loginWindowMs = 15 * MINUTE_MS;

  @Setting({
    env: 'AUTH_LOGINS_PER_ACCOUNT',
    type: 'integer',
    description: 'Failed logins of one email address in a window.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  loginsPerAccount = 10;

  @Setting({
    env: 'AUTH_LOGINS_PER_ADDRESS',
    type: 'integer',
    description: 'Failed logins from one network address (IPv6: /64) in a window.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  loginsPerAddress = 100;
}
