import { validateSync } from 'class-validator';
import { StartupError } from '../platform/errors/startup-error.js';
import type { Environment } from './environment.js';
import { generatedSecrets } from './generated-secrets.js';
import { weaknessOf } from './secret-strength.js';
import { ACCEPTED_TEXT, parseSettingText } from './setting-text.js';
import { settingsOf, type DeclaredSetting, type SettingsClass } from './setting.js';

type SettingsObject = Record<string, unknown>;

const MAKE_ONE = 'make one with: openssl rand -base64 32';

/** Every settings object of the process, by its class. */
export class LoadedSettings {
  constructor(private readonly byClass: ReadonlyMap<SettingsClass, object>) {}

  /** @throws when the class is not listed in `SETTINGS` of app-config.ts. */
  get<T extends object>(settingsClass: SettingsClass<T>): T {
    const settings = this.byClass.get(settingsClass);
    if (!settings)
      throw new Error(`${settingsClass.name} is not loaded; add it to SETTINGS in src/config/app-config.ts.`);
    return settings as T;
  }

  entries(): IterableIterator<[SettingsClass, object]> {
    return this.byClass.entries();
  }
}

/**
 * Reads, coerces and validates all settings.
 *
 * @throws StartupError that lists every fault at once, so that one restart is enough to fix them all.
 */
export function loadSettings(classes: readonly SettingsClass[], environment: Environment): LoadedSettings {
  const production = textOf(environment, { env: 'NODE_ENV' }) === 'production';
  const faults: string[] = [];
  const objects = new Map<SettingsClass, SettingsObject>();
  for (const settingsClass of classes) {
    objects.set(settingsClass, readClass(settingsClass, environment, production, faults));
  }
  fillSecrets(objects, environment, production, faults);
  for (const [settingsClass, settings] of objects) faults.push(...invalidValues(settingsClass, settings));
  if (faults.length > 0) {
    const list = [...new Set(faults)].map((fault) => `  ${fault}`).join('\n');
    throw new StartupError(
      `The settings are not valid:\n${list}`,
      'Correct these environment variables or the .env file; docs/config.md describes each one.',
    );
  }
  for (const settings of objects.values()) Object.freeze(settings);
  return new LoadedSettings(objects);
}

function textOf(
  environment: Environment,
  { env, aliases = [] }: Pick<DeclaredSetting, 'env' | 'aliases'>,
): string | undefined {
  return [env, ...aliases]
    .map((name) => environment[name]?.trim())
    .find((text) => text !== undefined && text !== '');
}

function readClass(
  settingsClass: SettingsClass,
  environment: Environment,
  production: boolean,
  faults: string[],
): SettingsObject {
  const settings = new settingsClass() as SettingsObject;
  for (const setting of settingsOf(settingsClass)) {
    const text = textOf(environment, setting) ?? (production ? setting.productionDefault : undefined);
    if (text === undefined) continue;
    const value = parseSettingText(setting.type, text);
    if (value === undefined) {
      faults.push(`${setting.env} must be ${ACCEPTED_TEXT[setting.type]}${given(setting, text)}`);
    } else {
      settings[setting.property] = value;
    }
  }
  return settings;
}

const given = (setting: DeclaredSetting, value: unknown): string =>
  setting.secret ? '' : ` (it is ${JSON.stringify(value)})`;

function fillSecrets(
  objects: ReadonlyMap<SettingsClass, SettingsObject>,
  environment: Environment,
  production: boolean,
  faults: string[],
): void {
  const all = [...objects].flatMap(([settingsClass, settings]) =>
    settingsOf(settingsClass).map((setting) => ({ setting, settings })),
  );
  const examples = new Set(
    all.flatMap(({ setting }) => (setting.secret && setting.example ? [setting.example] : [])),
  );
  const missing = all.filter(({ setting, settings }) => setting.generate && !settings[setting.property]);
  if (production) {
    // Whether a missing one is needed is for its validators to say: another setting may make it superfluous.
    for (const { setting, settings } of missing) settings[setting.property] = undefined;
    for (const { setting } of all) {
      const text = setting.secret ? textOf(environment, setting) : undefined;
      const weakness = text && weaknessOf(text, { key: setting.generate !== undefined, examples });
      if (weakness) faults.push(`${setting.env} ${weakness}; ${MAKE_ONE}`);
    }
  } else if (missing.length > 0) {
    const dataDir = all.find(({ setting }) => setting.env === 'DATA_DIR');
    const directory = (dataDir?.settings[dataDir.setting.property] as string | undefined) ?? '.data';
    const secrets = generatedSecrets(
      directory,
      missing.map(({ setting }) => setting.env),
    );
    for (const { setting, settings } of missing) settings[setting.property] = secrets[setting.env];
  }
}

function invalidValues(settingsClass: SettingsClass, settings: SettingsObject): string[] {
  return validateSync(settings, { forbidUnknownValues: false }).flatMap(
    ({ property, constraints = {}, value }) => {
      const setting = settingsOf(settingsClass).find((candidate) => candidate.property === property);
      const name = setting?.env ?? `${settingsClass.name}.${property}`;
      if (setting?.generate && value === undefined) return [`${name} is required in production; ${MAKE_ONE}`];
      return Object.values(constraints).map((message) => {
        const rule = message.includes(property) ? message.replaceAll(property, name) : `${name} ${message}`;
        return value === undefined || !setting ? rule : `${rule}${given(setting, value)}`;
      });
    },
  );
}
