import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class DatabaseSettings {
  @Setting({
    env: 'DATABASE_URL',
    description:
      'PostgreSQL 15 or newer. Without it the service keeps its data in an embedded PostgreSQL in DATA_DIR, for one process.',
    secret: true,
    example: 'postgres://rapport:password@localhost:5432/rapport',
  })
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'must start with postgres:// or postgresql://' })
  url?: string;

  @Setting({
    env: 'DATA_DIR',
    description: 'Directory of the embedded database and of generated secrets. One process at a time.',
  })
  @IsString()
  dataDir = '.data';

  @Setting({
    env: 'DATABASE_POOL_SIZE',
    type: 'integer',
    description: 'Most connections this process opens to PostgreSQL.',
  })
  @IsInt()
  @Min(2)
  @Max(200)
  poolSize = 20;

  @Setting({
    env: 'DATABASE_CONNECT_TIMEOUT',
    type: 'duration',
    description: 'How long to wait for a connection, a free one of the pool included.',
  })
  @IsInt()
  @Min(100)
  connectTimeoutMs = 5_000;

  @Setting({
    env: 'DATABASE_STATEMENT_TIMEOUT',
    type: 'duration',
    description: 'How long one statement may run before PostgreSQL cancels it.',
  })
  @IsInt()
  @Min(100)
  statementTimeoutMs = 15_000;
}
