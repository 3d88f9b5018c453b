import { UsageSettings } from './usage.settings.js';
import {
  dayOf,
  limitsOf,
  noticeOf,
  remainingOf,
  resetOf,
  sumOf,
  talliesOf,
  withLimits,
} from './usage.rules.js';

const none = { used: 0, reserved: 0 };

describe('usage rules', () => {
  it('a day is the UTC date, whatever the time zone of the machine', () => {
    expect(dayOf(new Date('2026-11-20T23:59:59.999Z'))).toBe('2026-11-20');
    expect(dayOf(new Date('2026-11-21T00:00:00.000Z'))).toBe('2026-11-21');
    expect(dayOf(new Date('2026-11-21T01:30:00+02:00'))).toBe('2026-11-20');
  });

  it('the quota resets at the next midnight UTC, over months and leap days', () => {
    expect(resetOf('2026-12-31').toISOString()).toBe('2027-01-01T00:00:00.000Z');
    expect(resetOf('2028-02-28').toISOString()).toBe('2028-02-29T00:00:00.000Z');
  });

  it('free is limited per kind by the settings, premium is not limited', () => {
    const settings = Object.assign(new UsageSettings(), { freeTextPerDay: 7 });
    expect(limitsOf('free', settings)).toEqual({ text: 7, audio: 5, media: 5 });
    expect(limitsOf('premium', settings)).toEqual({ text: null, audio: null, media: null });
  });

  it('the shipped allowances are 30 text, 5 audio and 5 media messages', () => {
    expect(limitsOf('free', new UsageSettings())).toEqual({ text: 30, audio: 5, media: 5 });
  });

  it('messages in flight take a place', () => {
    expect(remainingOf(30, { used: 12, reserved: 3 })).toBe(15);
  });

  it('nothing is left, and never less than nothing, when more was used than is now allowed', () => {
    expect(remainingOf(30, { used: 100, reserved: 0 })).toBe(0);
  });

  it('without a limit there is no rest, and usage is still shown', () => {
    const counters = withLimits(
      { text: { used: 500, reserved: 1 }, audio: none, media: none },
      { text: null, audio: null, media: null },
    );
    expect(counters.text).toEqual({ used: 500, reserved: 1, limit: null, remaining: null });
  });

  it('a kind without a row was not used', () => {
    expect(talliesOf([{ kind: 'audio', used: 2, reserved: 1 }])).toEqual({
      text: none,
      audio: { used: 2, reserved: 1 },
      media: none,
    });
  });

  it('80 % and 100 % are told when they are reached, and not when that is known', () => {
    expect([3, 4, 5, 6].map((used) => noticeOf(5, used, 0))).toEqual([undefined, 80, 100, 100]);
    expect([4, 5, 6].map((used) => noticeOf(5, used, 80))).toEqual([undefined, 100, 100]);
    expect(noticeOf(5, 6, 100)).toBeUndefined();
    expect(noticeOf(1, 1, 0)).toBe(100);
    expect(noticeOf(0, 0, 0)).toBeUndefined();
  });

  it('totals add up over characters', () => {
    const one = talliesOf([{ kind: 'text', used: 2, reserved: 1 }]);
    expect(sumOf([one, one]).text).toEqual({ used: 4, reserved: 2 });
    expect(sumOf([])).toEqual({ text: none, audio: none, media: none });
  });
});
