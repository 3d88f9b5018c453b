/** One file of an export, or the next part of one: parts of a file come one after the other, none of another between. */
export interface ExportedPart {
  /** E.g. `messages.jsonl`. */
  file: string;
  content: string | Buffer;
}

export interface ExportedBatch {
  parts: ExportedPart[];
  /** Where the next batch goes on; undefined after the last. JSON, kept between runs. */
  next?: string;
}

/** Bounded work: at most some thousand rows at once. Repeated with the same `after`, it gives the same. */
export type ExportMethod = (userId: string, after: string | undefined) => Promise<ExportedBatch>;

/** Bounded work in transactions of its own; answers whether there may be more to erase. Repeating it does no harm. */
export type EraseMethod = (userId: string) => Promise<boolean>;

export interface DeclaredExport {
  name: string;
  method: string;
}

export interface DeclaredErasure {
  name: string;
  step: number;
  method: string;
}

const exportsOf = new Map<object, DeclaredExport[]>();
const erasuresOf = new Map<object, DeclaredErasure[]>();

/**
 * Registers a provider's method as what gives people their data of one kind.
 *
 * @example
 * @ExportsUserData('conversations')
 * async export(userId: string, after: string | undefined): Promise<ExportedBatch> {
 *   const rows = await this.rows.ofUser(userId, { after, limit: 500 });
 *   return { parts: [{ file: 'conversations.jsonl', content: jsonLines(rows) }], next: nextOf(rows) };
 * }
 */
export const ExportsUserData =
  (name: string) =>
  <Method extends ExportMethod>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    exportsOf.set(prototype, [...(exportsOf.get(prototype) ?? []), { name, method }]);
  };

/**
 * Registers a provider's method as what removes a person's data of one kind, or what in it tells of the person.
 *
 * @param step lower ones first: what refers to other rows goes before them
 *
 * @example
 * @ErasesUserData('conversations', 10)
 * async erase(userId: string): Promise<boolean> {
 *   return (await this.rows.deleteSomeOf(userId, BATCH)) === BATCH;
 * }
 */
export const ErasesUserData =
  (name: string, step: number) =>
  <Method extends EraseMethod>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    erasuresOf.set(prototype, [...(erasuresOf.get(prototype) ?? []), { name, step, method }]);
  };

const declared = <T>(of: Map<object, T[]>, instance: object): readonly T[] =>
  of.get(Object.getPrototypeOf(instance) as object) ?? [];

export const declaredExports = (instance: object): readonly DeclaredExport[] => declared(exportsOf, instance);
export const declaredErasures = (instance: object): readonly DeclaredErasure[] =>
  declared(erasuresOf, instance);

/** JSON Lines: one value on each line. */
export const jsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');
