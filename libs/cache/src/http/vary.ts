/** The header names of a `Vary` field, in lower case. */
export const varyNames = (field: string | undefined): string[] =>
  field === undefined
    ? []
    : field
        .split(',')
        .map((name) => name.trim().toLowerCase())
        .filter((name) => name !== '');

/** A `Vary` field with further names; what it has already is not repeated, and `*` needs no others. */
export function varyWith(field: string | undefined, names: readonly string[]): string {
  const known = varyNames(field);
  if (known.includes('*')) return '*';
  const added = names.filter((name) => !known.includes(name));
  return [...(field === undefined || field === '' ? [] : [field]), ...added].join(', ');
}
