import { ValidateBy, type ValidationOptions } from 'class-validator';

/**
 * A string that PostgreSQL can keep as it is: no NUL, which `text` refuses, and no lone surrogate, which `jsonb` refuses
 * and `text` silently replaces.
 */
export const IsPlainText = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isPlainText',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && !/[\0\p{Surrogate}]/u.test(value),
        defaultMessage: () => '$property must be text without NUL characters and broken surrogate pairs',
      },
    },
    options,
  );
