import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import * as classTransformer from 'class-transformer';
import * as classValidator from 'class-validator';
import type { AppError, FieldError } from '../errors/app-error.js';
import { platformErrors } from '../errors/platform.errors.js';
import { assertShallow } from './json-body.js';

class RejectedInput extends Error {
  constructor(readonly errors: classValidator.ValidationError[]) {
    super('rejected input');
  }
}

/** RFC 6901 roots: the body is the document itself, query and path parameters get a member of their own. */
const ROOT_OF_TYPE: Record<ArgumentMetadata['type'], string> = {
  body: '#',
  query: '#/query',
  param: '#/path',
  custom: '#',
};

const MAX_ERRORS = 50;

/**
 * Checks bodies, queries and parameters against their DTO classes. Unknown fields are faults, nothing is converted
 * unless the DTO says so with `@Type` or `@Transform`.
 */
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      stopAtFirstError: false,
      validationError: { target: false, value: false },
      validatorPackage: classValidator,
      transformerPackage: classTransformer,
      exceptionFactory: (errors) => new RejectedInput(errors),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    try {
      return (await super.transform(value, metadata)) as unknown;
    } catch (error) {
      if (error instanceof RejectedInput) throw validationFailed(error.errors, metadata);
      throw error;
    }
  }
}

const pipe = new RequestValidationPipe();

/**
 * The validated instance of a DTO class from a payload that did not come through a controller, such as a socket event.
 *
 * @throws AppError `validation-failed` with one entry per fault.
 */
export async function validateDto<T extends object>(dto: new () => T, payload: unknown): Promise<T> {
  assertShallow(payload);
  return (await pipe.transform(payload, { type: 'body', metatype: dto })) as T;
}

function validationFailed(errors: classValidator.ValidationError[], metadata: ArgumentMetadata): AppError {
  const faults: FieldError[] = [];
  for (const error of errors) collect(error, ROOT_OF_TYPE[metadata.type], faults, metadata);
  const shown = faults.slice(0, MAX_ERRORS);
  const detail =
    shown.length === 1 ? `${shown[0]?.detail}.` : `${faults.length} faults in the request; see errors.`;
  return platformErrors['validation-failed'](detail, { errors: shown });
}

function collect(
  error: classValidator.ValidationError,
  parent: string,
  faults: FieldError[],
  metadata: ArgumentMetadata,
): void {
  // Nest reports "this is an array or a scalar, not an object" as a fault of a property named after the argument.
  const wholeValue = error.property === metadata.type && error.constraints?.['isObject'] !== undefined;
  const pointer = wholeValue
    ? parent
    : `${parent}/${error.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  for (const [constraint, message] of Object.entries(error.constraints ?? {})) {
    faults.push(
      wholeValue
        ? { pointer, code: 'is-object', detail: 'must be a JSON object' }
        : { pointer, code: codeOf(constraint), detail: detailOf(constraint, error.property, message) },
    );
  }
  for (const child of error.children ?? []) collect(child, pointer, faults, metadata);
}

const codeOf = (constraint: string): string =>
  constraint === 'whitelistValidation'
    ? 'unknown-field'
    : constraint.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');

const detailOf = (constraint: string, property: string, message: string): string =>
  constraint === 'whitelistValidation' ? `${property} is not a known field` : message;
