import { inspect } from 'node:util';

const SHOWN = '[secret]';

/** A token in this process's memory. Printed, logged or made JSON, it shows nothing; only {@link reveal} does. */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** For the one place that sends it. */
  reveal(): string {
    return this.#text;
  }

  is(text: string | undefined): boolean {
    return this.#text === text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
