/** What went wrong, independent of the transport. One filter per transport maps it to a status or an ack. */
export const STATUS_OF_KIND = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  conflict: 409,
  gone: 410,
  'precondition-failed': 412,
  'payload-too-large': 413,
  'unsupported-media-type': 415,
  unprocessable: 422,
  'failed-dependency': 424,
  'precondition-required': 428,
  'too-many-requests': 429,
  internal: 500,
  'upstream-failed': 502,
  unavailable: 503,
  'upstream-timeout': 504,
} as const;

export type ErrorKind = keyof typeof STATUS_OF_KIND;

/** One fault inside a request; `pointer` is an RFC 6901 fragment such as `#/reply/mode`. */
export interface FieldError {
  pointer: string;
  code: string;
  detail: string;
}

export interface AppErrorOptions {
  /** The error that led here. Logged, never sent. */
  cause?: unknown;
  /** When trying again makes sense; also becomes the `Retry-After` header. */
  retryAfterMs?: number;
  errors?: FieldError[];
  /** Extra members of the problem document, e.g. `{ kind, limit, used, resetsAt }` of a spent quota. */
  members?: Record<string, unknown>;
}

export interface ErrorDeclaration {
  kind: ErrorKind;
  /** Short, the same for every occurrence (RFC 9457 `title`). */
  title: string;
}

/** The one error that services throw. `code` is what clients switch on; `message` becomes the problem's `detail`. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly retryAfterMs?: number;
  readonly errors?: FieldError[];
  readonly members?: Record<string, unknown>;

  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    readonly title: string,
    detail: string,
    options: AppErrorOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.errors = options.errors;
    this.members = options.members;
  }

  get status(): number {
    return STATUS_OF_KIND[this.kind];
  }
}

type ErrorFactory = (detail: string, options?: AppErrorOptions) => AppError;

/** Every declared code, for the generated docs/errors.md. */
export const errorCatalogue = new Map<string, ErrorDeclaration & { feature: string }>();

/**
 * Declares a feature's error codes once.
 *
 * @example
 * export const userErrors = defineErrors('users', {
 *   'username-taken': { kind: 'conflict', title: 'Username is taken' },
 * });
 * throw userErrors['username-taken'](`"${name}" belongs to someone else; choose another username.`);
 */
export function defineErrors<const T extends Record<string, ErrorDeclaration>>(
  feature: string,
  table: T,
): { readonly [Code in keyof T]: ErrorFactory } {
  const factories: Record<string, ErrorFactory> = {};
  for (const [code, { kind, title }] of Object.entries(table)) {
    const known = errorCatalogue.get(code);
    if (known && known.feature !== feature) {
      throw new Error(
        `Error code "${code}" is declared by both ${known.feature} and ${feature}; rename one.`,
      );
    }
    errorCatalogue.set(code, { kind, title, feature });
    factories[code] = (detail, options) => new AppError(code, kind, title, detail, options);
  }
  return factories as { readonly [Code in keyof T]: ErrorFactory };
}
