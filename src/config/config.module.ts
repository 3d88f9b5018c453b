import { Module, type DynamicModule } from '@nestjs/common';
import type { LoadedSettings } from './load-settings.js';

/** Provides every loaded settings object under its class: `constructor(private readonly settings: UsageSettings)`. */
@Module({})
export class ConfigModule {
  static forRoot(settings: LoadedSettings): DynamicModule {
    const providers = [...settings.entries()].map(([provide, useValue]) => ({ provide, useValue }));
    return { module: ConfigModule, global: true, providers, exports: providers };
  }
}
