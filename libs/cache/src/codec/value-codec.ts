import { CacheValueError } from '../cache.errors.js';
import type { StorableClass } from '../declare/cache-declaration.js';
import { freezeJson, guardContents, isBuiltIn } from './immutable.js';

/** What a payload decodes to. */
export interface DecodedValue {
  readonly value: unknown;
  /** False when the value holds bytes, which cannot be frozen: every caller then needs its own copy. */
  readonly shareable: boolean;
}

/** An object with only this property is a tagged value: `{"$t": [tag, …]}`. */
const TAG = '$t';
const PLAIN = 'j';
const TAGGED = 't';
const DEEPEST = 200;

const NOT_PLAIN = Symbol('not plain');

/**
 * An immutable copy of plain data that JSON keeps as it is, or `NOT_PLAIN`. This is what almost every value is, and the
 * way of every miss; why a value is not plain is found out afterwards.
 */
function copyOfPlain(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : NOT_PLAIN;
    case 'object':
      if (value === null) return null;
      if (depth > DEEPEST) return NOT_PLAIN;
      return Array.isArray(value) ? copyOfArray(value as unknown[], depth) : copyOfObject(value, depth);
    default:
      return NOT_PLAIN;
  }
}

function copyOfArray(items: readonly unknown[], depth: number): unknown {
  if (Object.keys(items).length !== items.length) return NOT_PLAIN;
  // As long as it will be: an array that grows keeps the room that it did not need.
  const copy = [...items];
  for (let at = 0; at < copy.length; at++) {
    const copied = copyOfPlain(copy[at], depth + 1);
    if (copied === NOT_PLAIN) return NOT_PLAIN;
    copy[at] = copied;
  }
  return Object.freeze(copy);
}

function copyOfObject(value: object, depth: number): unknown {
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0)
    return NOT_PLAIN;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    if (name === TAG || name === '__proto__') return NOT_PLAIN;
    const copied = copyOfPlain((value as Record<string, unknown>)[name], depth + 1);
    if (copied === NOT_PLAIN) return NOT_PLAIN;
    copy[name] = copied;
  }
  return Object.freeze(copy);
}

/**
 * Turns values into text and back without changing them: JSON as it is for plain data, tagged JSON for the rest
 * (Date, Map, Set, bigint, bytes, undefined, NaN, ±Infinity, -0, registered classes). Anything else is refused.
 * Decoded values are immutable and never the object that was encoded.
 */
export class ValueCodec {
  private readonly classes: ReadonlyMap<string, StorableClass>;
  private readonly prototypes: ReadonlyMap<unknown, string>;

  constructor(
    private readonly cacheName: string,
    classes: readonly StorableClass[] = [],
  ) {
    this.classes = new Map(classes.map((storable) => [storable.name, storable]));
    this.prototypes = new Map(classes.map((storable) => [storable.prototype as unknown, storable.name]));
  }

  /** @throws {@link CacheValueError} naming the cache and the path of what cannot be stored */
  encode(value: unknown): string {
    const copy = copyOfPlain(value, 0);
    return copy === NOT_PLAIN ? this.encodeAny(value) : PLAIN + JSON.stringify(copy);
  }

  /** The payload together with what it decodes to. */
  encodeAndCopy(value: unknown): DecodedValue & { readonly payload: string } {
    const copy = copyOfPlain(value, 0);
    if (copy !== NOT_PLAIN) return { payload: PLAIN + JSON.stringify(copy), value: copy, shareable: true };
    const payload = this.encodeAny(value);
    return { payload, ...this.decode(payload)! };
  }

  private encodeAny(value: unknown): string {
    if (this.isPlain(value, '', 0)) return PLAIN + JSON.stringify(value);
    return TAGGED + JSON.stringify(this.tag(value));
  }

  /** Reverse of {@link encode}; undefined when the text is not one of its payloads. */
  decode(payload: string): DecodedValue | undefined {
    const tree: unknown = JSON.parse(payload.slice(1));
    if (payload.charAt(0) === PLAIN) {
      freezeJson(tree);
      return { value: tree, shareable: true };
    }
    if (payload.charAt(0) !== TAGGED) return undefined;
    const reviver = new Reviver(this.classes);
    const value = reviver.revive(tree);
    return reviver.unknownTag ? undefined : { value, shareable: reviver.shareable };
  }

  /** Whether JSON alone keeps the value; throws for what no form keeps. One walk does both. */
  private isPlain(value: unknown, path: string, depth: number): boolean {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return true;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0);
      case 'undefined':
      case 'bigint':
        return false;
      case 'object':
        return value === null || this.isPlainObject(value, path, depth);
      default:
        throw this.refusal(path, `a ${typeof value}`);
    }
  }

  private isPlainObject(value: object, path: string, depth: number): boolean {
    if (depth > DEEPEST)
      throw this.refusal(path, `nested deeper than ${DEEPEST} levels (or refers to itself)`);
    let plain = true;
    if (Array.isArray(value)) {
      const items = value as unknown[];
      if (Object.keys(items).length !== items.length)
        throw this.refusal(path, 'an array with holes or properties');
      for (let at = 0; at < items.length; at++) {
        if (!this.isPlain(items[at], `${path}[${at}]`, depth + 1)) plain = false;
      }
      return plain;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype) {
      if (prototype === Buffer.prototype || prototype === Uint8Array.prototype) return false;
      if (isBuiltIn(prototype)) {
        if (!(value instanceof Date)) {
          this.checkItems(value as Map<unknown, unknown> | Set<unknown>, path, depth);
        }
        return false;
      }
      if (prototype !== null && !this.prototypes.has(prototype)) {
        const name = value.constructor?.name ?? 'an unknown class';
        throw this.refusal(
          path,
          `an instance of ${name}; register it in classes: [${name}] or return plain data`,
        );
      }
      plain = false;
    }
    if (Object.getOwnPropertySymbols(value).length > 0)
      throw this.refusal(path, 'an object with symbol properties');
    for (const name of Object.keys(value)) {
      if (name === TAG || name === '__proto__') plain = false;
      if (
        !this.isPlain(
          (value as Record<string, unknown>)[name],
          path === '' ? name : `${path}.${name}`,
          depth + 1,
        )
      ) {
        plain = false;
      }
    }
    return plain;
  }

  private checkItems(value: Map<unknown, unknown> | Set<unknown>, path: string, depth: number): void {
    let at = 0;
    for (const [key, item] of value.entries()) {
      this.isPlain(key, `${path}<key ${at}>`, depth + 1);
      if (value instanceof Map) this.isPlain(item, `${path}<value ${at}>`, depth + 1);
      at++;
    }
  }

  private tag(value: unknown): unknown {
    switch (typeof value) {
      case 'undefined':
        return { [TAG]: ['u'] };
      case 'bigint':
        return { [TAG]: ['i', value.toString()] };
      case 'number':
        if (Object.is(value, -0)) return { [TAG]: ['n', '-0'] };
        return Number.isFinite(value) ? value : { [TAG]: ['n', String(value)] };
      case 'object':
        return value === null ? null : this.tagObject(value);
      default:
        return value;
    }
  }

  private tagObject(value: object): unknown {
    if (Array.isArray(value)) return (value as unknown[]).map((item) => this.tag(item));
    if (value instanceof Date) return { [TAG]: ['d', value.getTime()] };
    if (value instanceof Uint8Array) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return { [TAG]: [Buffer.isBuffer(value) ? 'b' : 'y', bytes.toString('base64')] };
    }
    if (value instanceof Map) {
      return { [TAG]: ['m', Array.from(value, ([key, item]) => [this.tag(key), this.tag(item)])] };
    }
    if (value instanceof Set) return { [TAG]: ['s', Array.from(value, (item) => this.tag(item))] };
    const fields = Object.entries(value);
    const className = this.prototypes.get(Object.getPrototypeOf(value));
    if (className !== undefined) return { [TAG]: ['c', className, fields.map(([k, v]) => [k, this.tag(v)])] };
    if (Object.getPrototypeOf(value) === null)
      return { [TAG]: ['0', fields.map(([k, v]) => [k, this.tag(v)])] };
    if (Object.hasOwn(value, TAG) || Object.hasOwn(value, '__proto__')) {
      return { [TAG]: ['o', fields.map(([k, v]) => [k, this.tag(v)])] };
    }
    return Object.fromEntries(fields.map(([k, v]) => [k, this.tag(v)]));
  }

  private refusal(path: string, what: string): CacheValueError {
    return new CacheValueError(
      `cache "${this.cacheName}": the value${path === '' ? '' : ` at ${path}`} is ${what} and cannot be stored and read back unchanged.`,
    );
  }
}

type Field = [name: string, value: unknown];

class Reviver {
  shareable = true;
  unknownTag = false;

  constructor(private readonly classes: ReadonlyMap<string, StorableClass>) {}

  revive(node: unknown): unknown {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return Object.freeze((node as unknown[]).map((item) => this.revive(item)));
    const fields = node as Record<string, unknown>;
    const tagged = fields[TAG];
    if (Array.isArray(tagged)) return this.reviveTagged(tagged as unknown[]);
    for (const name of Object.keys(fields)) fields[name] = this.revive(fields[name]);
    return Object.freeze(fields);
  }

  private reviveTagged([tag, first, second]: unknown[]): unknown {
    switch (tag) {
      case 'u':
        return undefined;
      case 'n':
        return Number(first);
      case 'i':
        return BigInt(first as string);
      case 'd':
        return guardContents(new Date((first as number | null) ?? Number.NaN));
      case 'b':
        this.shareable = false;
        return Buffer.from(first as string, 'base64');
      case 'y':
        this.shareable = false;
        return new Uint8Array(Buffer.from(first as string, 'base64'));
      case 'm':
        return guardContents(new Map((first as Field[]).map(([k, v]) => [this.revive(k), this.revive(v)])));
      case 's':
        return guardContents(new Set((first as unknown[]).map((item) => this.revive(item))));
      case 'o':
        return this.fill({}, first as Field[]);
      case '0':
        return this.fill(Object.create(null) as object, first as Field[]);
      case 'c': {
        const storable = this.classes.get(first as string);
        if (storable)
          return this.fill(Object.create(storable.prototype as object) as object, second as Field[]);
      }
    }
    this.unknownTag = true;
    return undefined;
  }

  private fill(target: object, fields: Field[]): object {
    for (const [name, value] of fields) {
      // Assignment would run the setter of a class, or of `__proto__`.
      Object.defineProperty(target, name, { value: this.revive(value), enumerable: true });
    }
    return Object.freeze(target);
  }
}
