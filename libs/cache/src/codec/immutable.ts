/**
 * `Object.freeze` does not reach the contents of a Date, Map or Set. These prototypes refuse their mutators and
 * inherit everything else, so that `instanceof`, `constructor` and deep equality still answer as before.
 */
function refusing<T extends object>(base: T, mutators: readonly string[]): T {
  const guarded = Object.create(base) as T;
  for (const name of mutators) {
    Object.defineProperty(guarded, name, {
      value: () => {
        throw new TypeError(`Cannot ${name}: a cached value is shared and immutable; copy it first.`);
      },
    });
  }
  return Object.freeze(guarded);
}

const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'));
const IMMUTABLE_DATE = refusing(Date.prototype, setters);
const IMMUTABLE_MAP = refusing(Map.prototype, ['set', 'delete', 'clear']);
const IMMUTABLE_SET = refusing(Set.prototype, ['add', 'delete', 'clear']);

/** Makes a Date, Map or Set that nobody else holds refuse changes. */
export function guardContents<T extends Date | Map<unknown, unknown> | Set<unknown>>(value: T): T {
  const prototype =
    value instanceof Date ? IMMUTABLE_DATE : value instanceof Map ? IMMUTABLE_MAP : IMMUTABLE_SET;
  Object.setPrototypeOf(value, prototype);
  return Object.freeze(value);
}

/** Freezes a tree of plain objects and arrays that nobody else holds. */
export function freezeJson(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const item of value as unknown[]) freezeJson(item);
  else for (const name in value) freezeJson((value as Record<string, unknown>)[name]);
  Object.freeze(value);
}

/** A collection or date, guarded or not, but no instance of a class that extends it. */
export function isBuiltIn(prototype: unknown): boolean {
  switch (prototype) {
    case Date.prototype:
    case Map.prototype:
    case Set.prototype:
    case IMMUTABLE_DATE:
    case IMMUTABLE_MAP:
    case IMMUTABLE_SET:
      return true;
    default:
      return false;
  }
}
