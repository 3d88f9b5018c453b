import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { ExtractionKind, Provider } from '../registry/provider.js';

/** @throws validation-failed that names the kinds there are */
export function kindOf({ kinds, title }: Provider, kind: string): ExtractionKind {
  const found = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (found) return found;
  const known = Object.keys(kinds).join(', ') || 'none';
  throw platformErrors['validation-failed'](`Of ${title} other kinds can be extracted: ${known}.`, {
    errors: [{ pointer: '#/kind', code: 'isIn', detail: `must be one of: ${known}` }],
  });
}
