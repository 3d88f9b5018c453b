import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '../config/runtime.settings.js';
import { Database } from '../platform/database/database.js';
import { UsersService } from '../users/users.service.js';
import { DemoSettings } from './demo.settings.js';
import { PasswordsService } from './passwords.service.js';

export const DEMO_EMAIL = 'demo@rapport.local';
const DEMO_USERNAME = 'demo';

export interface DemoOutcome {
  created: boolean;
  /** The demo user, if there is one. */
  userId: string | undefined;
}

/** An account to try the product with: made once, in an embedded database nobody has registered in, never in production. */
@Injectable()
export class DemoAccount {
  constructor(
    private readonly settings: DemoSettings,
    private readonly runtime: RuntimeSettings,
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
  ) {}

  async ensure(): Promise<DemoOutcome> {
    const { enabled, password } = this.settings;
    if (!enabled || this.runtime.production || this.database.mode !== 'embedded') {
      return { created: false, userId: undefined };
    }
    if (!(await this.users.isEmpty())) {
      return { created: false, userId: (await this.users.credentialsByEmail(DEMO_EMAIL))?.id };
    }
    const { id } = await this.users.create({
      email: DEMO_EMAIL,
      username: DEMO_USERNAME,
      displayName: 'Demo',
      passwordHash: await this.passwords.hash(password),
    });
    return { created: true, userId: id };
  }
}
