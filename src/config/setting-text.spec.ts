import { formatSettingText, parseSettingText } from './setting-text.js';
import type { SettingType } from './setting.js';

describe('parseSettingText', () => {
  it.each<[SettingType, string, unknown]>([
    ['duration', '500ms', 500],
    ['duration', '30s', 30_000],
    ['duration', '1.5m', 90_000],
    ['duration', '2h', 7_200_000],
    ['duration', '1d', 86_400_000],
    ['duration', '250', 250],
    ['integer', '-3', -3],
    ['boolean', 'ON', true],
    ['boolean', '0', false],
    ['list', 'a, b,,c ', ['a', 'b', 'c']],
    ['string', ' x ', 'x'],
  ])('reads %s "%s"', (type, text, value) => expect(parseSettingText(type, text)).toEqual(value));

  it.each<[SettingType, string]>([
    ['duration', '5 minutes'],
    ['duration', '-5s'],
    ['duration', '0.5ms'],
    ['integer', '3.5'],
    ['integer', '0x10'],
    ['integer', '99999999999999999999'],
    ['boolean', 'maybe'],
  ])('refuses %s "%s"', (type, text) => expect(parseSettingText(type, text)).toBeUndefined());

  it.each([0, 1, 1500, 60_000, 90_000, 3_600_000, 172_800_000])(
    'reads back the duration it writes for %i',
    (ms) => {
      expect(parseSettingText('duration', formatSettingText('duration', ms))).toBe(ms);
    },
  );
});
