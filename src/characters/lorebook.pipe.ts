import { Injectable, type PipeTransform } from '@nestjs/common';
import { AppError } from '../platform/errors/app-error.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { CardFindings } from './cards/card-findings.js';
import type { JsonObject, Lorebook } from './cards/card.types.js';
import { readLorebook } from './cards/lorebook-reader.js';

/** A lorebook of any version, or a world info file, as Character Card V3 has it. Members that nobody knows are kept. */
@Injectable()
export class LorebookPipe implements PipeTransform<unknown, Lorebook> {
  transform(value: unknown): Lorebook {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const detail = 'A lorebook is a JSON object.';
      throw platformErrors['validation-failed'](detail, {
        errors: [{ pointer: '#', code: 'is-object', detail }],
      });
    }
    const findings = new CardFindings();
    const lorebook = readLorebook(value as JsonObject, '#', findings);
    try {
      findings.assertValid();
    } catch (error) {
      // What is wrong is this document, not a card.
      if (error instanceof AppError)
        throw platformErrors['validation-failed']('The lorebook cannot be read; errors says where and why.', {
          errors: error.errors,
        });
      throw error;
    }
    return lorebook;
  }
}
