import { Injectable, type PipeTransform } from '@nestjs/common';
import { platformErrors } from '../platform/errors/platform.errors.js';

const MAX_METADATA_BYTES = 16 * 1024;

/** Free JSON of a client: an object, and not too much of it. */
@Injectable()
export class MetadataPipe implements PipeTransform<unknown, Record<string, unknown>> {
  transform(value: unknown): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const detail = 'Metadata is a JSON object.';
      throw platformErrors['validation-failed'](detail, {
        errors: [{ pointer: '#', code: 'is-object', detail }],
      });
    }
    assertMetadataSize(value);
    return value as Record<string, unknown>;
  }
}

/** @throws payload-too-large */
export function assertMetadataSize(metadata: object): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes <= MAX_METADATA_BYTES) return;
  throw platformErrors['payload-too-large'](
    `Metadata may take ${MAX_METADATA_BYTES} bytes as JSON; this takes ${bytes}.`,
  );
}
