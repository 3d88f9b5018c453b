import { applyDecorators, SetMetadata } from '@nestjs/common';

export const IDEMPOTENT = 'rapport:idempotent';
export const FORGOTTEN_FIELDS = 'rapport:idempotent:forget';

interface IdempotentOptions {
  /** Fields of the answer that are told once: they are not kept, and a repeated request is answered without them. */
  forget?: readonly string[];
}

/** A creating POST that honours `Idempotency-Key`: repeated with the same key, it answers again without acting again. */
export const Idempotent = ({ forget = [] }: IdempotentOptions = {}): ClassDecorator & MethodDecorator =>
  applyDecorators(SetMetadata(IDEMPOTENT, true), SetMetadata(FORGOTTEN_FIELDS, forget));
