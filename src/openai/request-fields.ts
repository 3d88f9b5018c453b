import { platformErrors } from '../platform/errors/platform.errors.js';
import type { AppError } from '../platform/errors/app-error.js';
import { openAiErrors } from './openai.errors.js';

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param path as OpenAI's clients name it: `messages[0].role` */
export function invalid(path: string, detail: string): AppError {
  return platformErrors['validation-failed'](`${path} ${detail}.`, {
    errors: [{ pointer: pointerOf(path), code: 'invalid', detail }],
  });
}

export function unsupported(path: string, detail: string): AppError {
  return openAiErrors['unsupported-parameter'](`${path} ${detail}.`, {
    errors: [{ pointer: pointerOf(path), code: 'unsupported', detail }],
  });
}

const pointerOf = (path: string): string =>
  `#/${path.replaceAll('[', '/').replaceAll(']', '').replaceAll('.', '/')}`;

/** OpenAI takes null for "not given". */
const given = (fields: Fields, name: string): unknown => fields[name] ?? undefined;

interface Range {
  min: number;
  max: number;
}

export function optionalNumber(fields: Fields, name: string, { min, max }: Range): number | undefined {
  const value = given(fields, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw invalid(name, `must be a number from ${min} to ${max}`);
  }
  return value;
}

export function optionalInteger(fields: Fields, name: string, range: Range): number | undefined {
  const value = optionalNumber(fields, name, range);
  if (value !== undefined && !Number.isInteger(value)) throw invalid(name, 'must be a whole number');
  return value;
}

export function optionalBoolean(fields: Fields, name: string, path = name): boolean | undefined {
  const value = given(fields, name);
  if (value !== undefined && typeof value !== 'boolean') throw invalid(path, 'must be true or false');
  return value;
}
