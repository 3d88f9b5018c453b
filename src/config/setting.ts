/** How the text of an environment variable becomes a value. Durations are `"30s"`, `"5m"`, `"2h"`, `"1d"` or plain ms. */
export type SettingType = 'string' | 'integer' | 'boolean' | 'duration' | 'list';

export interface SettingOptions {
  /** Environment variable; aliases are tried in order after it. */
  env: string;
  aliases?: string[];
  type?: SettingType;
  /** One or two sentences for .env.example and docs/config.md. */
  description: string;
  /** Never logged; placeholders are refused in production. */
  secret?: boolean;
  /** A secret that is generated once and kept in DATA_DIR when it is not set (never in production). */
  generate?: 'base64-32-bytes';
  /** Shown in .env.example when there is no default. */
  example?: string;
  /** Text that replaces the default when NODE_ENV is `production`. */
  productionDefault?: string;
}

export interface DeclaredSetting extends SettingOptions {
  property: string;
  type: SettingType;
}

const declared = new Map<object, DeclaredSetting[]>();

/**
 * Declares a property of a settings class as read from the environment. The property's initialiser is the default;
 * class-validator decorators beside it say what is allowed.
 *
 * @example
 * export class UsageSettings {
 *   @Setting({ env: 'USAGE_FREE_TEXT_PER_DAY', type: 'integer', description: 'Text messages a day on the free tier.' })
 *   @IsInt() @Min(0)
 *   freeTextPerDay = 30;
 * }
 */
export function Setting(options: SettingOptions): PropertyDecorator {
  return (prototype, property) => {
    const settings = declared.get(prototype) ?? [];
    settings.push({ ...options, type: options.type ?? 'string', property: String(property) });
    declared.set(prototype, settings);
  };
}

/** A class whose properties carry {@link Setting}; its constructor takes nothing. */
export type SettingsClass<T extends object = object> = new () => T;

/** The declared settings of a class, in the order they are written. */
export const settingsOf = (settingsClass: SettingsClass): readonly DeclaredSetting[] =>
  declared.get(settingsClass.prototype as object) ?? [];
