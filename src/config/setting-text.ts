import type { SettingType } from './setting.js';

export type SettingValue = string | number | boolean | string[];

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);

/** What each type accepts, for messages and docs/config.md. */
export const ACCEPTED_TEXT: Record<SettingType, string> = {
  string: 'text',
  integer: 'a whole number',
  boolean: 'true or false',
  duration: 'a duration such as 500ms, 30s, 5m, 2h, 1d or plain milliseconds',
  list: 'values separated by commas',
};

/** Reads one environment variable's text; undefined when it is not what the type accepts. */
export function parseSettingText(type: SettingType, raw: string): SettingValue | undefined {
  const text = raw.trim();
  switch (type) {
    case 'string':
      return text;
    case 'integer':
      return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case 'boolean': {
      const word = text.toLowerCase();
      return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
    }
    case 'duration':
      return parseDuration(text);
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}

function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  if (!match) return undefined;
  const ms = Number(match[1]) * (UNIT_MS[match[2] ?? 'ms'] ?? 1);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** The text that {@link parseSettingText} reads back as the value; durations in their largest whole unit. */
export function formatSettingText(type: SettingType, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join(',');
  if (type === 'duration' && typeof value === 'number' && value > 0) {
    for (const unit of ['d', 'h', 'm', 's']) {
      const size = UNIT_MS[unit] ?? 1;
      if (value % size === 0) return `${value / size}${unit}`;
    }
    return `${value}ms`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
