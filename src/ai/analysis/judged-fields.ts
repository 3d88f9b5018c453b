// What a model answered, field by field; undefined for anything that is not as it was asked for.

export const fieldsOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;

export const numberIn = (value: unknown, min: number, max: number): number | undefined =>
  typeof value === 'number' && value >= min && value <= max ? value : undefined;

export const oneOf = <T extends string>(choices: readonly T[], value: unknown): T | undefined =>
  choices.find((choice) => choice === value);

export const textOf = (value: unknown, maxChars: number): string | undefined =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maxChars ? value.trim() : undefined;

/** Undefined also when any item is not right. */
export function listOf<T>(
  value: unknown,
  most: number,
  read: (item: unknown) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  const items = (value as unknown[]).map(read);
  return items.includes(undefined) ? undefined : (items as T[]);
}
