import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { platformErrors } from '../errors/platform.errors.js';
import { PaginationSettings } from './pagination.settings.js';

/** Where a page starts: the sort key of a row, as the database writes it, and which side of it is wanted. */
export interface Position {
  direction: 'next' | 'prev';
  keys: string[];
  /** The row itself belongs to the page: set when going back from an empty page, where there is no first item. */
  inclusive?: boolean;
}

const SIGNATURE_BYTES = 16;

/**
 * Cursors are positions signed together with their list, filters and order, so that one cannot be invented, nor used on
 * a list it was not made for. They hold sort keys, not offsets: inserts and deletes move nothing.
 */
@Injectable()
export class Cursors {
  constructor(private readonly settings: PaginationSettings) {}

  encode(scope: string, { direction, keys, inclusive }: Position): string {
    const payload = JSON.stringify([direction === 'next' ? 'n' : 'p', inclusive ? 1 : 0, ...keys]);
    return `${Buffer.from(payload).toString('base64url')}.${this.sign(scope, payload).toString('base64url')}`;
  }

  /** @throws AppError `invalid-cursor` for a forged, damaged or foreign cursor. */
  decode(scope: string, cursor: string): Position {
    const [body = '', signature = ''] = cursor.split('.');
    const payload = Buffer.from(body, 'base64url').toString();
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== SIGNATURE_BYTES || !timingSafeEqual(given, this.sign(scope, payload))) {
      throw platformErrors['invalid-cursor'](
        'The cursor belongs to another list, filter or order; start again without it.',
        {
          errors: [{ pointer: '#/query/cursor', code: 'invalid-cursor', detail: 'not issued for this list' }],
        },
      );
    }
    const [direction, inclusive, ...keys] = JSON.parse(payload) as [string, number, ...string[]];
    return { direction: direction === 'n' ? 'next' : 'prev', inclusive: inclusive === 1, keys };
  }

  private sign(scope: string, payload: string): Buffer {
    const hmac = createHmac('sha256', this.settings.secret);
    // The length keeps scope and payload apart.
    hmac.update(`${scope.length}:${scope}${payload}`);
    return hmac.digest().subarray(0, SIGNATURE_BYTES);
  }
}
