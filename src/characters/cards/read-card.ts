import { platformErrors } from '../../platform/errors/platform.errors.js';
import { canonicalJson } from '../../platform/json/canonical-json.js';
import { mainIconOf, resolveAssets } from './card-assets.js';
import { decodeText, parseDocument } from './card-document.js';
import type { CardFile, CardFormat, CardImport, CardSource } from './card-file.types.js';
import { CardFindings } from './card-findings.js';
import { CARD_FILE_BYTES } from './card.limits.js';
import { readDocument } from './card-reader.js';
import { isZip, readCharx, zipBehind } from './charx.js';
import { isPng } from './png-chunks.js';
import { readPng } from './png-card.js';

/** What the sender said about the file; believed only where the file does not say it itself. */
export interface CardFileHints {
  mediaType?: string;
  /** Gives a card without a name its name. */
  fileName?: string;
}

interface Container {
  format: CardSource['format'];
  /** The document to read first; the others say the same in an older version. */
  documents: { chunk?: CardSource['chunk']; text: string }[];
  files: CardFile[];
  image?: Buffer;
}

const FORMAT_OF_MEDIA_TYPE: Readonly<Record<string, CardFormat>> = {
  'image/png': 'png',
  'image/apng': 'png',
  'application/json': 'json',
  'application/zip': 'charx',
};

/**
 * Reads a character card of any version out of any file that cards are kept in. Lenient: what is wrong in a way that
 * is found in the wild is put right and told in `repairs`. Nothing is fetched and no file is written.
 *
 * @throws card-invalid with where and why
 * @throws payload-too-large for more than a card may be, also after unpacking
 */
export async function readCard(bytes: Buffer, hints: CardFileHints = {}): Promise<CardImport> {
  if (bytes.length > CARD_FILE_BYTES)
    throw platformErrors['payload-too-large'](
      `The file of a card may have ${CARD_FILE_BYTES} bytes at most.`,
    );
  const findings = new CardFindings();
  const { format, documents, files, image } = await open(bytes, findings);
  const [first, second] = documents.map(({ text }) => text);
  const { card: read, spec } = readDocument(parseDocument(first ?? '', findings), findings, hints.fileName);
  const card = resolveAssets(read, files, findings);
  if (second !== undefined && !saysTheSame(second, read))
    findings.warn('chunks-disagree', 'The chunk "chara" holds another card, which was not read.');
  const announced = FORMAT_OF_MEDIA_TYPE[hints.mediaType ?? ''];
  if (announced && !format.endsWith(announced))
    findings.warn('format-differs', `It was announced as ${hints.mediaType} and is ${format}.`);
  const chunk = documents[0]?.chunk;
  const picture = image ?? mainIconOf(card, files);
  return {
    card,
    source: { format, spec, ...(chunk && { chunk }) },
    repairs: findings.repairs,
    warnings: findings.warnings,
    ...(picture && { image: picture }),
    files,
  };
}

async function open(bytes: Buffer, findings: CardFindings): Promise<Container> {
  if (isPng(bytes)) return readPng(bytes, findings);
  const zip = isZip(bytes) ? bytes : zipBehind(bytes);
  if (!zip) return { format: 'json', documents: [{ text: decodeText(bytes, findings) }], files: [] };
  if (zip !== bytes) findings.repair('#', 'archive-prefix');
  const { text, files } = await readCharx(zip, findings);
  return { format: 'charx', documents: [{ text }], files };
}

/** Whether the older document is the one that was read. What is wrong with it is nobody's business but this answer. */
function saysTheSame(text: string, card: CardImport['card']): boolean {
  const unheard = new CardFindings();
  try {
    const other = readDocument(parseDocument(text, unheard), unheard).card;
    return canonicalJson(other.data) === canonicalJson(card.data);
  } catch {
    return false;
  }
}
