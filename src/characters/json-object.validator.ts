import { ValidateBy, type ValidationOptions } from 'class-validator';
import { isPlainText } from './plain-text.validator.js';

/** A JSON object of at most so many bytes, without text that PostgreSQL cannot keep. */
export const IsJsonObject = (maxBytes: number, options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isJsonObject',
      validator: {
        validate: (value: unknown) =>
          isObject(value) && isStorable(value) && Buffer.byteLength(JSON.stringify(value)) <= maxBytes,
        defaultMessage: () => `$property must be a JSON object of at most ${maxBytes} bytes, its texts plain`,
      },
    },
    options,
  );

/** Texts by language tag, such as `{"de": "…"}`. */
export const IsTextByLanguage = (
  { languages, max }: { languages: number; max: number },
  options?: ValidationOptions,
): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isTextByLanguage',
      validator: {
        validate: (value: unknown) =>
          isObject(value) &&
          Object.keys(value).length <= languages &&
          Object.entries(value).every(
            ([language, text]) =>
              /^[a-z]{2,8}(?:-[a-z\d]{1,8})*$/i.test(language) &&
              // A merge patch removes one with null.
              (text === null || (isPlainText(text) && text.length <= max)),
          ),
        defaultMessage: () =>
          `$property must have at most ${languages} language tags, each with a text of at most ${max} characters`,
      },
    },
    options,
  );

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As deep as request bodies may be, which is checked when they are read. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return isPlainText(value);
  if (Array.isArray(value)) return value.every(isStorable);
  if (!isObject(value)) return true;
  return Object.entries(value).every(([name, member]) => isPlainText(name) && isStorable(member));
}
