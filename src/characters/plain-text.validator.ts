import { ValidateBy, type ValidationOptions } from 'class-validator';

/** Text that PostgreSQL keeps as it is: no NUL, which `text` refuses, and no lone surrogate, which `jsonb` refuses. */
export const isPlainText = (value: unknown): value is string =>
  typeof value === 'string' && !/[\0\p{Surrogate}]/u.test(value);

/** See {@link isPlainText}; `text` would silently replace lone surrogates. */
export const IsPlainText = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isPlainText',
      validator: {
        validate: isPlainText,
        defaultMessage: () => '$property must be text without NUL characters and broken surrogate pairs',
      },
    },
    options,
  );
