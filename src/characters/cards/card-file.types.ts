import type { CardSpec, CharacterCard } from './card.types.js';
import type { Repair, Warning } from './card-findings.js';

export type CardFormat = 'png' | 'json' | 'charx';

/** A file inside a card's file; the card's assets point at it as `embeded://` and its path. */
export interface CardFile {
  path: string;
  bytes: Buffer;
}

export interface CardSource {
  format: CardFormat | 'apng';
  spec: CardSpec;
  /** Which text chunk of the image was read. */
  chunk?: 'ccv3' | 'chara';
}

/** Everything that a card's file holds. */
export interface CardImport {
  card: CharacterCard;
  source: CardSource;
  repairs: Repair[];
  warnings: Warning[];
  /** The image without any card in it; of an archive, its main icon. Not verified: only its container was looked at. */
  image?: Buffer;
  files: CardFile[];
}
