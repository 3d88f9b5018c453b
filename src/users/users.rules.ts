import { foldIdentifier } from '../platform/text/fold-identifier.js';

/** What is wrong with a username. `taken`, and `confusable` with somebody's name, need the database. */
export type UsernameViolationCode =
  'too-short' | 'too-long' | 'charset' | 'reserved' | 'taken' | 'confusable';

export interface UsernameViolation {
  code: UsernameViolationCode;
  detail: string;
}

const USERNAME_MIN_LENGTH = 3;
const USERNAME_MAX_LENGTH = 30;
const USERNAME_PATTERN = /^[a-z0-9](?:[a-z0-9._-]{1,28}[a-z0-9])$/;

/** Names that a client, a mail or a path could mistake for the service itself. Normalised forms. */
const RESERVED = new Set(
  (
    'admin administrator api auth root system support help staff moderator mod official security rapport ' +
    'me self null undefined anonymous everyone here user users by-username username-checks lookup settings'
  ).split(' '),
);

/** Letters of other scripts that pass for Latin ones (from the confusables of UTS 39). */
const FOREIGN_LOOK_ALIKES: Readonly<Record<string, string>> = {
  // Cyrillic
  ...{ а: 'a', в: 'b', с: 'c', ԁ: 'd', е: 'e', һ: 'h', і: 'i', ј: 'j', к: 'k', ӏ: 'l', м: 'm', о: 'o' },
  ...{ р: 'p', ѕ: 's', т: 't', у: 'y', х: 'x', ѵ: 'v', ԝ: 'w', г: 'r', н: 'h' },
  // Greek
  ...{
    α: 'a',
    β: 'b',
    ε: 'e',
    η: 'n',
    ι: 'i',
    κ: 'k',
    ν: 'v',
    ο: 'o',
    ρ: 'p',
    τ: 't',
    υ: 'u',
    χ: 'x',
    ω: 'w',
  },
  // Latin letters that NFKC keeps apart
  ...{ ı: 'i', ɩ: 'i', ɡ: 'g', ø: 'o', ł: 'l', đ: 'd' },
};
const foldForeign = (name: string): string =>
  Array.from(name, (letter) => FOREIGN_LOOK_ALIKES[letter] ?? letter).join('');

/**
 * What UTS 39 takes for one another among the letters that a name may have. Names keep their capitals when shown, so
 * that `I` stands beside `l` and `O` beside `0`: the letters are folded in every case. Separators stay; they are seen.
 */
const ONE_SHAPE: Readonly<Record<string, string>> = { i: 'l', '1': 'l', '0': 'o', m: 'rn', w: 'vv' };

/**
 * Two names with one skeleton look the same to a person; only one account may have it. A migration computes the same in
 * SQL for older accounts.
 */
export const skeletonOf = (normalized: string): string =>
  Array.from(foldForeign(normalized), (letter) => ONE_SHAPE[letter] ?? letter).join('');

/** Digits that are read as letters. `a.d-m1n` is read as `admin`, so here separators vanish, too. */
const READ_AS: Readonly<Record<string, string>> = { '3': 'e', '4': 'a', '5': 's', '7': 't' };

/** Stricter than {@link skeletonOf}: for the few names that could be mistaken for the service itself. */
const readingOf = (normalized: string): string =>
  skeletonOf(normalized)
    .replace(/[._-]/g, '')
    .replace(/[3457]/g, (digit) => READ_AS[digit] ?? digit);

const RESERVED_READINGS = new Map([...RESERVED].map((name) => [readingOf(name), name]));

/** As shown: compatibility forms folded, capitals kept. */
export const displayUsername = (username: string): string => username.normalize('NFKC').trim();

/** Everything that is wrong with a name by itself; empty means that it may be taken. */
export function usernameViolations(username: string): UsernameViolation[] {
  const normalized = foldIdentifier(username);
  const violations: UsernameViolation[] = [];
  const length = Array.from(normalized).length;
  if (length < USERNAME_MIN_LENGTH) {
    violations.push({ code: 'too-short', detail: `Use at least ${USERNAME_MIN_LENGTH} characters.` });
  }
  if (length > USERNAME_MAX_LENGTH) {
    violations.push({ code: 'too-long', detail: `Use at most ${USERNAME_MAX_LENGTH} characters.` });
  }
  if (!USERNAME_PATTERN.test(normalized) && (violations.length === 0 || !/^[a-z0-9._-]*$/.test(normalized))) {
    violations.push({
      code: 'charset',
      detail: 'Use a-z, 0-9, dot, underscore and hyphen, with a letter or digit at both ends.',
    });
  }
  const imitated = RESERVED_READINGS.get(readingOf(normalized));
  if (RESERVED.has(normalized)) {
    violations.push({ code: 'reserved', detail: `"${normalized}" is kept for the service; choose another.` });
  } else if (imitated !== undefined) {
    violations.push({
      code: 'confusable',
      detail: `It looks like "${imitated}", which is kept for the service.`,
    });
  } else if (foldForeign(normalized) !== normalized) {
    violations.push({
      code: 'confusable',
      detail: 'It has letters of another script that pass for Latin ones.',
    });
  }
  return violations;
}

/** Names near the wanted one, always the same for the same wish, each valid by itself. */
export function usernameSuggestions(username: string, howMany = 12): string[] {
  const plain = foldForeign(foldIdentifier(username))
    .normalize('NFD')
    .replace(/[^a-z0-9._-]/g, '')
    .replace(/^[._-]+|[._-]+$/g, '');
  const stem = (plain.length >= 2 ? plain : `${plain}user`)
    .slice(0, USERNAME_MAX_LENGTH - 4)
    .replace(/[._-]+$/, '');
  const candidates = [`${stem}.chats`, `the.${stem}`];
  for (let number = 2; candidates.length < howMany + 4; number += 1) candidates.push(`${stem}${number}`);
  return candidates
    .filter(
      (candidate) => candidate !== foldIdentifier(username) && usernameViolations(candidate).length === 0,
    )
    .slice(0, howMany);
}
