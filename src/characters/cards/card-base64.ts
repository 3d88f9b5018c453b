import { decodeText, documentTooLarge } from './card-document.js';
import { CARD_LIMITS } from './card.limits.js';
import { cardInvalid, type CardFindings } from './card-findings.js';

const MAX_WRAPPINGS = 2;
/** The largest text of {@link MAX_WRAPPINGS} encodings of the largest document, which needs 16/9 of its bytes. */
const MAX_TEXT = CARD_LIMITS.documentBytes * 2;

/** The document inside a text chunk: base64 of it, or what is found in the wild instead. @throws card-invalid */
export function unwrapDocument(chunk: Buffer, findings: CardFindings): string {
  let bytes = chunk;
  for (let wrapping = 0; wrapping <= MAX_WRAPPINGS; wrapping++) {
    if (looksLikeDocument(bytes)) {
      if (wrapping === 0) findings.repair('#', 'not-base64');
      if (wrapping === 2) findings.repair('#', 'double-base64');
      return decodeText(bytes, findings);
    }
    if (bytes.length > MAX_TEXT) throw documentTooLarge();
    if (wrapping < MAX_WRAPPINGS) bytes = decodeBase64(bytes.toString('latin1'), findings);
  }
  throw cardInvalid('not-json', 'The text chunk of the card does not hold a JSON document.');
}

/** Whether an object begins here, behind a byte order mark or white space, in UTF-8 or UTF-16. */
const looksLikeDocument = (bytes: Buffer): boolean =>
  /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*\{/.test(bytes.toString('latin1', 0, 1000));

/** Base64 in either alphabet, with white space, with or without padding. @throws card-invalid */
export function decodeBase64(text: string, findings: CardFindings): Buffer {
  const compact = text.replace(/[\s\0]+/g, '');
  const padding = compact.endsWith('==') ? 2 : compact.endsWith('=') ? 1 : 0;
  const letters = compact.slice(0, compact.length - padding);
  // Looked for one by one: a pattern for all of them at once takes a stack as deep as the text is long.
  if (letters === '' || letters.length % 4 === 1 || /[^A-Za-z0-9+/_-]/.test(letters))
    throw cardInvalid('not-base64', 'The text chunk of the card is not base64.');
  if (/[-_]/.test(letters)) findings.repair('#', 'url-safe-base64');
  return Buffer.from(letters, 'base64');
}
