import { ValidateBy, type ValidationArguments } from 'class-validator';

/**
 * Settings that are right one by one may contradict each other.
 *
 * @param message - what is wrong and what to do, as the end of a sentence that begins with the variable's name
 */
export function Agrees<T>(agrees: (settings: T) => boolean, message: string): PropertyDecorator {
  return ValidateBy(
    {
      name: 'agrees',
      validator: { validate: (_value, args?: ValidationArguments) => agrees(args?.object as T) },
    },
    { message },
  );
}
