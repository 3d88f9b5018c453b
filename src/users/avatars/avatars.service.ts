import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { AttemptLimiter } from '../../platform/rate-limit/attempt-limiter.js';
import { RateLimiters } from '../../platform/rate-limit/rate-limiters.js';
import { UsersService } from '../users.service.js';
import type { UserRecord } from '../users.types.js';
import { avatarImages, type AvatarSize } from './avatar-images.js';
import { avatarUrl } from './avatar-url.js';
import { AvatarsRepository } from './avatars.repository.js';

const UPLOADS_PER_HOUR = 30;
/** 128 bits: who was not given the address does not find the picture. */
const TOKEN_BYTES = 16;

/** Pictures of people, kept in fixed sizes under an address that changes with the picture. */
@Injectable()
export class AvatarsService {
  private readonly limiter: AttemptLimiter;

  constructor(
    private readonly database: Database,
    private readonly avatars: AvatarsRepository,
    private readonly users: UsersService,
    limiters: RateLimiters,
  ) {
    this.limiter = limiters.create({
      name: 'avatars',
      points: UPLOADS_PER_HOUR,
      windowMs: 3_600_000,
      what: 'pictures',
    });
  }

  /** @throws image-invalid, precondition-failed, rate-limited */
  async replace(
    userId: string,
    original: Buffer,
    assertVersion: (version: number) => void,
  ): Promise<UserRecord> {
    await this.limiter.consume(userId);
    // Before the transaction: an embedded database would serve nobody meanwhile.
    const images = await avatarImages(original);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    return this.database.transaction(async () => {
      // First the user's row, which the pictures' foreign key holds as well: two at once would wait for each other.
      const user = await this.users.setAvatar(userId, avatarUrl(token), assertVersion);
      await this.avatars.insert(userId, token, images);
      return user;
    });
  }

  remove(userId: string, assertVersion: (version: number) => void): Promise<UserRecord> {
    return this.users.setAvatar(userId, null, assertVersion);
  }

  /** @throws not-found */
  async get(token: string, size: AvatarSize): Promise<Buffer> {
    const content = await this.avatars.find(token, size);
    if (!content) throw platformErrors['not-found']('There is no such picture, or not any more.');
    return content;
  }
}
