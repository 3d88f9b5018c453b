import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../../config/config.module.js';
import type { LoadedSettings } from '../../config/load-settings.js';
import { DatabaseModule } from '../../platform/database/database.module.js';
import { StartupError } from '../../platform/errors/startup-error.js';
import { GrantSettings } from './grants.settings.js';
import { TokenRotation } from './token-rotation.js';
import { TokenVault } from './token-vault.js';

@Module({})
class TokenRotationModule {
  static forRoot(settings: LoadedSettings): DynamicModule {
    return {
      module: TokenRotationModule,
      imports: [ConfigModule.forRoot(settings), DatabaseModule],
      providers: [TokenVault, TokenRotation],
    };
  }
}

/**
 * `npm run tokens:rotate`: nothing but the database is needed for it. Answers the exit code: 1 when some tokens could not
 * be read.
 * @throws StartupError without a key, or when the database cannot be opened
 */
export async function rotateTokens(settings: LoadedSettings, print: (line: string) => void): Promise<number> {
  if (!settings.get(GrantSettings).tokenKeys) {
    throw new StartupError(
      'There is no key to seal tokens with.',
      'Set CONNECTOR_TOKEN_KEYS; see docs/operations.md.',
    );
  }
  const app = await NestFactory.createApplicationContext(TokenRotationModule.forRoot(settings), {
    logger: ['error'],
    abortOnError: false,
  });
  try {
    const { resealed, unreadable } = await app
      .get(TokenRotation)
      .run((report) => print(`${report.resealed} sealed anew so far, ${report.unreadable} unreadable`));
    print(`Done: ${resealed} sealed anew with the first key, ${unreadable} unreadable.`);
    if (unreadable === 0) return 0;
    print(
      'No key of CONNECTOR_TOKEN_KEYS opens those; add the missing key, or let their owners connect again.',
    );
    return 1;
  } finally {
    await app.close();
  }
}
