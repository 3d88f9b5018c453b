import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../platform/clock/clock.js';
import { ApiKeysRepository } from './api-keys.repository.js';

const HOUR_MS = 3_600_000;
const MAX_REMEMBERED = 10_000;

/** Notes in which hour a key was used last: one write an hour, key and process, behind the request's back. */
@Injectable()
export class KeyUses {
  private readonly log = new Logger(KeyUses.name);
  private readonly noted = new Map<string, number>();

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly clock: Clock,
  ) {}

  note(id: string): void {
    const hourMs = Math.floor(this.clock.now().getTime() / HOUR_MS) * HOUR_MS;
    if (this.noted.get(id) === hourMs) return;
    // Forgetting costs a write too many, nothing else.
    if (this.noted.size >= MAX_REMEMBERED) this.noted.clear();
    this.noted.set(id, hourMs);
    this.keys.markUsed(id, new Date(hourMs)).catch((error: unknown) => {
      this.noted.delete(id);
      this.log.warn({ msg: 'The use of an API key was not noted', err: error });
    });
  }
}
