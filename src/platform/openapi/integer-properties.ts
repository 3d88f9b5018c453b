import { ApiProperty } from '@nestjs/swagger';
import { getMetadataStorage } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata.js';

/**
 * TypeScript has one `number`; `@IsInt()` says which of them are whole. Marks those properties before the document is
 * made, because afterwards query parameters no longer name their class.
 */
export function markIntegerProperties(): void {
  const { validationMetadatas } = getMetadataStorage() as unknown as {
    validationMetadatas: Map<unknown, ValidationMetadata[]>;
  };
  for (const { target, propertyName, name, each } of [...validationMetadatas.values()].flat()) {
    if (name !== 'isInt' || typeof target !== 'function') continue;
    const type = each
      ? { type: 'array' as const, items: { type: 'integer' as const } }
      : { type: 'integer' as const };
    ApiProperty(type)(target.prototype as object, propertyName);
  }
}
