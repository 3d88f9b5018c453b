import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisConnections } from '@rapport/redis';
import { AiService } from './ai/ai.service.js';
import { DEMO_EMAIL } from './auth/demo-account.js';
import { DemoSettings } from './auth/demo.settings.js';
import { RuntimeSettings } from './config/runtime.settings.js';
import { Database } from './platform/database/database.js';
import { DatabaseSettings } from './platform/database/database.settings.js';
import { VERSION } from './version.js';

/** Says where everything is and which mode each part is in: to a reader, or as one log line in production. */
export function announce(app: NestFastifyApplication, url: string): void {
  const { production } = app.get(RuntimeSettings);
  const parts = partsOf(app, url);
  if (production) {
    new Logger('Rapport').log({ msg: `Rapport ${VERSION} is ready`, ...parts });
    return;
  }
  const width = Math.max(...Object.keys(parts).map((name) => name.length));
  const lines = Object.entries(parts).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  console.log(['', `Rapport ${VERSION} is ready`, '', ...lines, ''].join('\n'));
}

function partsOf(app: NestFastifyApplication, url: string): Record<string, string> {
  const database = app.get(Database);
  const redis = app.get(RedisConnections);
  const { enabled, password } = app.get(DemoSettings);
  const { production } = app.get(RuntimeSettings);
  const hasDemo = enabled && !production && database.mode === 'embedded';
  return {
    console: `${url}/`,
    'API docs': `${url}/docs`,
    health: `${url}/api/health`,
    database:
      database.mode === 'embedded'
        ? `embedded PostgreSQL in ${app.get(DatabaseSettings).dataDir}`
        : 'PostgreSQL (DATABASE_URL)',
    cache: redis.mode === 'redis' ? `memory + Redis (${redis.status()})` : 'memory',
    model: app.get(AiService).description,
    ...(hasDemo ? { 'demo login': `${DEMO_EMAIL} / ${password}` } : {}),
  };
}
