import { ACCEPTED_TEXT, formatSettingText } from './setting-text.js';
import { settingsOf, type DeclaredSetting, type SettingsClass } from './setting.js';

interface Described {
  setting: DeclaredSetting;
  fallback: string;
}

const describe = (settingsClass: SettingsClass): Described[] => {
  const defaults = new settingsClass() as Record<string, unknown>;
  return settingsOf(settingsClass).map((setting) => ({
    setting,
    fallback: formatSettingText(setting.type, defaults[setting.property]),
  }));
};

const titleOf = ({ name }: SettingsClass): string =>
  name
    .replace(/Settings$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/^Ai\b/, 'AI')
    .replace(/^Demo$/, 'Demo data');

const WIDTH = 100;

/** The text of `.env.example`: every variable commented out, with its default or an example. */
export function renderEnvExample(classes: readonly SettingsClass[]): string {
  const blocks = classes.map((settingsClass) => {
    const entries = describe(settingsClass).map(({ setting, fallback }) => {
      const value = setting.secret ? (setting.example ?? '') : fallback || (setting.example ?? '');
      return [...commented(setting.description + productionNote(setting)), `# ${setting.env}=${value}`].join(
        '\n',
      );
    });
    return [`### ${titleOf(settingsClass)}`, ...entries].join('\n\n');
  });
  const head = '# Copy to .env and uncomment what you change. docs/config.md has the same list as tables.\n';
  return `${head}\n${blocks.join('\n\n')}\n`;
}

const productionNote = ({ generate, productionDefault }: DeclaredSetting): string => {
  if (generate) {
    return ' Required in production: openssl rand -base64 32. Otherwise generated once and kept in DATA_DIR.';
  }
  return productionDefault === undefined ? '' : ` In production: ${productionDefault}.`;
};

function commented(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length < WIDTH) lines[lines.length - 1] = line;
    else lines.push(` ${word}`);
  }
  return lines.map((line) => `#${line}`);
}

/** The text of `docs/config.md`. */
export function renderConfigDocs(classes: readonly SettingsClass[]): string {
  const sections = classes.map((settingsClass) => {
    const rows = describe(settingsClass).map(({ setting, fallback }) => {
      const aliases = (setting.aliases ?? []).map((alias) => `<br>\`${alias}\``).join('');
      const cells = [
        `\`${setting.env}\`${aliases}`,
        kindOf(setting),
        defaultOf(setting, fallback),
        setting.description,
      ];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    });
    return [
      `## ${titleOf(settingsClass)}`,
      '',
      '| Variable | Kind | Default | Meaning |',
      '| --- | --- | --- | --- |',
      ...rows,
    ].join('\n');
  });
  return `${INTRODUCTION}\n${sections.join('\n\n')}\n`;
}

const INTRODUCTION = `# Settings

Generated from the settings classes by \`npm run generate:docs\`; do not edit.

Settings are environment variables. A \`.env\` file in the working directory is read first, real variables win over it, and
an empty variable counts as absent. All of them are checked at start: faults are listed together and the process exits.
Durations are \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`1d\` or plain milliseconds.

Secrets marked *generated* are made once and kept in \`DATA_DIR/secrets.json\` (mode 0600) unless \`NODE_ENV\` is \`production\`.
In production they must be set, and placeholders, examples and short keys are refused.
`;

const kindOf = ({ type, secret }: DeclaredSetting): string =>
  `${type === 'duration' ? 'duration' : ACCEPTED_TEXT[type]}${secret ? ', secret' : ''}`;

function defaultOf({ generate, productionDefault, secret }: DeclaredSetting, fallback: string): string {
  if (generate) return '*generated*';
  if (secret && fallback !== '') return '(see .env.example)';
  const usual = fallback === '' ? '' : `\`${fallback}\``;
  return productionDefault === undefined
    ? usual
    : `${usual || '(none)'}; in production \`${productionDefault}\``;
}
