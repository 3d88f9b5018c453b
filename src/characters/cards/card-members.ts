import type { Json, JsonObject } from './card.types.js';
import { into, type CardFindings, type RepairCode } from './card-findings.js';

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isScalar = (value: Json): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);

const FLAGS = new Map<unknown, boolean>([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
  ['', false],
]);

interface Expected {
  /** The specification wants it: its absence is a repair. */
  required?: boolean;
}

interface ExpectedText extends Expected {
  max: number;
}

interface ExpectedTexts extends ExpectedText {
  items: number;
  /** What separates the items where the list is written as one text. */
  separator?: string;
}

/**
 * The members of one object of a card, each read as what it should be. What is nearly right is repaired, what cannot be
 * is an error, and what nobody asked for is left for {@link unknown}.
 */
export class CardMembers {
  private readonly asked = new Set<string>();

  constructor(
    private readonly source: JsonObject,
    private readonly at: string,
    private readonly findings: CardFindings,
  ) {}

  pointer(name: string): string {
    return into(this.at, name);
  }

  /** '' where it is absent. */
  text(name: string, expected: ExpectedText): string {
    return this.optionalText(name, expected) ?? '';
  }

  optionalText(name: string, expected: ExpectedText): string | undefined {
    const value = this.take(name, expected);
    return value === undefined ? undefined : this.asText(value, this.pointer(name), expected.max);
  }

  /** [] where it is absent. */
  texts(name: string, expected: ExpectedTexts): string[] {
    return this.optionalTexts(name, expected) ?? [];
  }

  optionalTexts(name: string, expected: ExpectedTexts): string[] | undefined {
    const value = this.take(name, expected);
    if (value === undefined) return undefined;
    const items = this.asItems(value, name, expected.separator);
    const texts = items.flatMap((item, index) => {
      const pointer = into(this.pointer(name), index);
      if (item !== null) return [this.asText(item, pointer, expected.max)];
      this.findings.repair(pointer, 'null-replaced');
      return [];
    });
    this.assertCount(name, texts.length, expected.items);
    return texts;
  }

  /** Objects of a list; undefined where it is absent. An object whose members are the items is a list too. */
  objects(
    name: string,
    expected: Expected & { items: number },
  ): { item: JsonObject; pointer: string }[] | undefined {
    const value = this.take(name, expected);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) && !isObject(value)) return this.wrongType(this.pointer(name), 'a list');
    if (!Array.isArray(value)) this.findings.repair(this.pointer(name), 'converted-list');
    const items = Object.entries(value);
    this.assertCount(name, items.length, expected.items);
    return items.slice(0, expected.items).flatMap(([key, item]) => {
      const pointer = into(this.pointer(name), key);
      if (isObject(item)) return [{ item, pointer }];
      return this.wrongType(pointer, 'an object') ?? [];
    });
  }

  /** {} where it is absent, or an empty list, which is how some languages write an empty object. */
  object(name: string, expected: Expected = {}): JsonObject {
    return this.optionalObject(name, expected) ?? {};
  }

  optionalObject(name: string, expected: Expected = {}): JsonObject | undefined {
    const value = this.take(name, expected);
    if (value === undefined || isObject(value)) return value;
    if (Array.isArray(value) && value.length === 0)
      this.findings.repair(this.pointer(name), 'converted-list');
    else this.wrongType(this.pointer(name), 'an object');
    return {};
  }

  number(name: string, expected: Expected = {}): number | undefined {
    const value = this.take(name, expected);
    if (value === undefined || typeof value === 'number') return value;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
    return this.converted(name, Number.isFinite(number) ? number : undefined, 'converted-to-number');
  }

  flag(name: string, expected: Expected = {}): boolean | undefined {
    const value = this.take(name, expected);
    if (value === undefined || typeof value === 'boolean') return value;
    const word = isScalar(value) ? String(value).toLowerCase() : undefined;
    return this.converted(name, FLAGS.get(word), 'converted-to-flag');
  }

  /** The value as it is; null counts as absent. */
  take(name: string, { required = false }: Expected = {}): Json | undefined {
    this.asked.add(name);
    const value = Object.hasOwn(this.source, name) ? this.source[name] : undefined;
    if (value === null) this.findings.repair(this.pointer(name), 'null-replaced');
    else if (value === undefined && required) this.findings.repair(this.pointer(name), 'missing-field');
    return value ?? undefined;
  }

  /** The members that were not asked for, as they are. */
  unknown(): JsonObject {
    return Object.fromEntries(Object.entries(this.source).filter(([name]) => !this.asked.has(name)));
  }

  /** `value` with a repair; undefined is left out, with another. */
  converted<T>(name: string, value: T | undefined, code: RepairCode): T | undefined {
    this.findings.repair(this.pointer(name), value === undefined ? 'unreadable-removed' : code);
    return value;
  }

  private asItems(value: Json, name: string, separator: string | undefined): Json[] {
    if (Array.isArray(value)) return value;
    this.findings.repair(this.pointer(name), 'converted-list');
    if (isObject(value)) return Object.values(value);
    if (typeof value !== 'string' || separator === undefined) return value === '' ? [] : [value];
    return value
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  private asText(value: Json, pointer: string, max: number): string {
    let text = '';
    if (typeof value === 'string') text = value;
    else if (isScalar(value) || (Array.isArray(value) && value.every(isScalar))) {
      this.findings.repair(pointer, 'converted-to-text');
      text = Array.isArray(value) ? value.join('\n') : String(value);
    } else this.wrongType(pointer, 'text');
    if (text.length > max)
      this.findings.error(pointer, 'too-long', `It has ${text.length} characters; ${max} are allowed.`);
    return text;
  }

  private assertCount(name: string, count: number, max: number): void {
    if (count > max)
      this.findings.error(this.pointer(name), 'too-many', `It has ${count} items; ${max} are allowed.`);
  }

  private wrongType(pointer: string, wanted: string): undefined {
    this.findings.error(pointer, 'wrong-type', `It must be ${wanted}.`);
  }
}
