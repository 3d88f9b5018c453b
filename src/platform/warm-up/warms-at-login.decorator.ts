/** Reads through caches what a person's next requests ask for. Whatever it throws is only logged. */
export type WarmMethod = (userId: string) => Promise<unknown>;

const warmersOf = new Map<object, string[]>();

/**
 * Registers a provider's method to be called in the background when somebody has logged in: with a cached read as its
 * body, the person's next requests hit. Never rely on it: under load, people are left out.
 *
 * @example
 * @WarmsAtLogin()
 * async warm(userId: string): Promise<void> {
 *   await this.profileOf(userId);
 * }
 */
export const WarmsAtLogin =
  () =>
  <Method extends WarmMethod>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    warmersOf.set(prototype, [...(warmersOf.get(prototype) ?? []), method]);
  };

export const declaredWarmers = (instance: object): readonly string[] =>
  warmersOf.get(Object.getPrototypeOf(instance) as object) ?? [];
