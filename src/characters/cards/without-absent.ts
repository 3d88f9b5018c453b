/** Without the members that are undefined: an absent member and one that is undefined are the same JSON. */
export const withoutAbsent = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
