import { platformErrors } from '../../platform/errors/platform.errors.js';
import { addressedInImage, withMainIcon } from './card-assets.js';
import type { CardFile, CardFormat } from './card-file.types.js';
import type { CardSpec, CharacterCard } from './card.types.js';
import { CardFindings, type Warning } from './card-findings.js';
import { documentV2, documentV3 } from './card-writer.js';
import { writeCharx } from './charx.js';
import { isPng } from './png-chunks.js';
import { blankImage, writePng } from './png-card.js';

export interface CardExportOptions {
  format: CardFormat;
  spec: Exclude<CardSpec, 'v1'>;
  /** The picture of the character: a PNG where the format is one. Without it a PNG is a blank sheet. */
  image?: Buffer;
  /** Files that the card's assets point at. JSON cannot carry any. */
  files?: readonly CardFile[];
}

export interface CardExport {
  bytes: Buffer;
  mediaType: string;
  extension: string;
  /** What the format or the older specification cannot say. */
  warnings: Warning[];
}

/**
 * Writes a card as its specification wants it. Reading it again gives the same card, with unknown members at every
 * level; the same arguments give the same bytes. An archive turns `image` into the asset of the main icon.
 *
 * @throws not-acceptable for an archive of V2, which does not exist, and for a PNG of another kind of image
 */
export function writeCard(card: CharacterCard, options: CardExportOptions): CardExport {
  const findings = new CardFindings();
  const exported = FORMATS[options.format](card, options, findings);
  return { ...exported, warnings: findings.warnings };
}

type Writer = (
  card: CharacterCard,
  options: CardExportOptions,
  findings: CardFindings,
) => Omit<CardExport, 'warnings'>;

const writeJson: Writer = (card, { spec, files = [] }, findings) => {
  if (files.length > 0) findings.warn('files-left-out', `${files.length} files were left out.`);
  const text = spec === 'v2' ? documentV2(card, findings) : documentV3(card);
  return { bytes: Buffer.from(text), mediaType: 'application/json', extension: 'json' };
};

/**
 * The chunk `chara` is for readers of V2, `ccv3` for those of V3. An image of V2 has `ccv3` too when the card says more
 * than V2 can.
 */
const writeImage: Writer = (card, { spec, image = blankImage(), files = [] }, findings) => {
  if (!isPng(image)) throw platformErrors['not-acceptable']('The image of the character is not a PNG.');
  const addressed = addressedInImage(card, files);
  const ofV2 = new CardFindings();
  const chara = { chunk: 'chara', text: documentV2(addressed, ofV2) } as const;
  const ccv3 = { chunk: 'ccv3', text: documentV3(addressed) } as const;
  if (spec === 'v2')
    for (const { code, detail, pointer } of ofV2.warnings) findings.warn(code, detail, pointer);
  const documents = spec === 'v3' || ofV2.warnings.length > 0 ? [chara, ccv3] : [chara];
  return { bytes: writePng(image, documents, files), mediaType: 'image/png', extension: 'png' };
};

const writeArchive: Writer = (card, { spec, image, files = [] }) => {
  if (spec === 'v2')
    throw platformErrors['not-acceptable']('CHARX archives hold cards of V3 only; ask for spec=v3.');
  const packed = image ? withMainIcon(card, files, image) : { card, files };
  return {
    bytes: writeCharx(documentV3(packed.card), packed.files),
    mediaType: 'application/zip',
    extension: 'charx',
  };
};

const FORMATS: Readonly<Record<CardFormat, Writer>> = {
  json: writeJson,
  png: writeImage,
  charx: writeArchive,
};
