import { Injectable, type PipeTransform } from '@nestjs/common';
import { platformErrors } from '../errors/platform.errors.js';
import { isId } from '../ids/ids.js';

/** `@Param('id', IdParam)`: ids are opaque to clients, so one of the wrong form is simply an id that nothing has. */
@Injectable()
export class IdParam implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    if (typeof value === 'string' && isId(value)) return value.toLowerCase();
    throw platformErrors['not-found']('Nothing has this id.');
  }
}
