import { Injectable } from '@nestjs/common';
import {
  ErasesUserData,
  ExportsUserData,
  type ExportedBatch,
} from '../../platform/user-data/user-data.decorators.js';
import { EventLog } from '../../platform/events/event-log.service.js';
import { avatarToken } from '../avatars/avatar-url.js';
import { AvatarsRepository } from '../avatars/avatars.repository.js';
import { toUser } from '../users.dto.js';
import { userStream } from '../users.events.js';
import { UsersService } from '../users.service.js';
import { ExportsRepository } from './exports.repository.js';

const LARGEST = 512;

/** Of the users themselves; the row is erased by the deletion, last. */
@Injectable()
export class ProfileData {
  constructor(
    private readonly users: UsersService,
    private readonly avatars: AvatarsRepository,
    private readonly exports: ExportsRepository,
    private readonly events: EventLog,
  ) {}

  @ExportsUserData('profile')
  async export(userId: string): Promise<ExportedBatch> {
    const user = await this.users.get(userId);
    const token = avatarToken(user.avatarUrl);
    const avatar = token === undefined ? undefined : await this.avatars.find(token, LARGEST);
    return {
      parts: [
        { file: 'profile.json', content: JSON.stringify(toUser(user), null, 2) },
        ...(avatar ? [{ file: 'avatar.webp', content: avatar }] : []),
      ],
    };
  }

  @ErasesUserData('events', 85)
  async eraseEvents(userId: string): Promise<boolean> {
    await this.events.drop(userStream(userId));
    return false;
  }

  @ErasesUserData('exports', 90)
  async eraseExports(userId: string): Promise<boolean> {
    await this.exports.deleteOf(userId);
    return false;
  }
}
