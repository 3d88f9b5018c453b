import type { AppErrorOptions, FieldError } from '../../platform/errors/app-error.js';
import { cardErrors } from './cards.errors.js';

/** What was put right while reading: each code once, with what it means. */
export const REPAIRS = {
  'archive-prefix': 'The archive stood behind other bytes, which were left out',
  'beside-data-ignored': 'A field stood beside data and said something else; data won',
  'beside-data-used': 'A field stood beside data and was missing there',
  'byte-order-mark': 'The text began with a byte order mark',
  'converted-date': 'A date was not in seconds since 1970',
  'converted-list': 'A list was written as text or as an object',
  'converted-to-flag': 'A yes or no was written as text or a number',
  'converted-to-number': 'A number was written as text',
  'converted-to-text': 'A text was written as a number, a flag or a list',
  'data-missing': 'The fields of data stood at the top of the document',
  'double-base64': 'The card was encoded twice',
  'missing-field': 'A required field was absent and got its default',
  'name-cleaned': 'The name had line breaks, control characters or space around it',
  'name-from-file': 'The card had no name and got that of its file',
  'not-base64': 'The chunk held the document itself and not its base64',
  'null-replaced': 'A null stood where the field has a default or is left out',
  'renamed-field': 'The field had a name that only older programs use',
  'spec-missing': 'The card did not say its specification',
  'spec-unknown': 'The card named a specification that does not exist',
  'spec-version': 'The version was not the one that the specification has',
  'text-cleaned': 'A text or a name had NUL characters or broken surrogate pairs',
  'trailing-bytes': 'The document was followed by NUL bytes',
  'unreadable-removed': 'An optional value made no sense and was left out',
  'unsafe-member-removed': 'A member had the name of a prototype',
  'url-safe-base64': 'The card was encoded in the alphabet of addresses',
  'utf-16': 'The text was UTF-16',
  'world-info-entry': 'A lorebook entry had the names of a world info file',
} as const;

export type RepairCode = keyof typeof REPAIRS;

/** What could be read, or written, only in part; each code once, with what it means. */
export const WARNINGS = {
  'asset-missing': 'An asset points into the file at something that is not there',
  'chunk-damaged': 'Checksums of parts that are not the card are wrong',
  'chunk-kind': 'The card was in a compressed or international text chunk',
  'chunk-repeated': 'There was more than one chunk of a kind; the first was read',
  'chunks-disagree': 'The image holds two cards that differ; ccv3 was read',
  'decoy-chunk': 'A chunk is called almost like one of a card, or stands behind the end of the image',
  'data-after-end': 'Bytes behind the end of the image were left out',
  'files-left-out': 'This format carries no files',
  'format-differs': 'The file is of another format than announced',
  'more-repairs': 'More repairs were made than are listed',
  'newer-version': 'The card is of a later version of its specification',
  'not-in-v2': 'Readers of V2 do not know this',
  'picture-left-out': 'A file of the card is not in the gallery of the character',
} as const;

export type WarningCode = keyof typeof WARNINGS;

export interface Repair {
  /** RFC 6901 fragment into the document as it was read, e.g. `#/data/tags`; `#` is the whole. */
  pointer: string;
  code: RepairCode;
}

export interface Warning {
  code: WarningCode;
  detail: string;
  pointer?: string;
}

const MAX_REPAIRS = 500;
const MAX_ERRORS = 50;
const MAX_WARNINGS = 100;
const MAX_SEGMENT = 80;

/** `pointer` one member deeper. Long names are cut: a pointer is for finding a place, and names come from the file. */
export const into = (pointer: string, member: string | number): string =>
  `${pointer}/${String(member).slice(0, MAX_SEGMENT).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** Collects what reading one card found. Bounded: a file can be wrong in a million places. */
export class CardFindings {
  readonly repairs: Repair[] = [];
  readonly warnings: Warning[] = [];
  private readonly errors: FieldError[] = [];

  repair(pointer: string, code: RepairCode): void {
    if (this.repairs.length < MAX_REPAIRS) this.repairs.push({ pointer, code });
    else if (
      this.repairs.length === MAX_REPAIRS &&
      !this.warnings.some(({ code: c }) => c === 'more-repairs')
    )
      this.warnings.push({ code: 'more-repairs', detail: `Only the first ${MAX_REPAIRS} are listed.` });
  }

  warn(code: WarningCode, detail: string, pointer?: string): void {
    if (this.warnings.length < MAX_WARNINGS)
      this.warnings.push({ code, detail, ...(pointer !== undefined && { pointer }) });
  }

  error(pointer: string, code: string, detail: string): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ pointer, code, detail });
  }

  /** @throws card-invalid with everything that {@link error} was told */
  assertValid(): void {
    if (this.errors.length > 0)
      throw cardErrors['card-invalid']('The card cannot be read; errors says where and why.', {
        errors: this.errors,
      });
  }
}

/** A card that is wrong as a whole, in one place. */
export const cardInvalid = (
  code: string,
  detail: string,
  options: Pick<AppErrorOptions, 'cause'> & { pointer?: string } = {},
) =>
  cardErrors['card-invalid'](detail, {
    cause: options.cause,
    errors: [{ pointer: options.pointer ?? '#', code, detail }],
  });
