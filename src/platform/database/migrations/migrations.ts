import type { MigrationInterface } from 'typeorm';
import { Foundation0001 } from './0001-foundation.js';
import { CacheOutbox0002 } from './0002-cache-outbox.js';

/** Every migration, oldest first. `npm run db:migration <name>` writes the file and adds it here. */
export const MIGRATIONS: (new () => MigrationInterface)[] = [Foundation0001, CacheOutbox0002];
