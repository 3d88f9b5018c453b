import { SetMetadata, type CustomDecorator } from '@nestjs/common';

export const IDEMPOTENT = 'rapport:idempotent';

/** A creating POST that honours `Idempotency-Key`: repeated with the same key, it answers again without acting again. */
export const Idempotent = (): CustomDecorator => SetMetadata(IDEMPOTENT, true);
