import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Clock } from '../../platform/clock/clock.js';
import { AppError } from '../../platform/errors/app-error.js';
import { inspectPicture, openPicture } from '../../platform/images/picture.js';
import { CharactersService } from '../characters.service.js';
import type { Character, Visibility } from '../characters.types.js';
import { GalleryService } from '../gallery/gallery.service.js';
import type { GalleryAsset } from '../gallery/gallery.types.js';
import type { CardFile, CardFormat, CardImport } from './card-file.types.js';
import { CARD_FILE_BYTES } from './card.limits.js';
import type { CharacterCard } from './card.types.js';
import { documentV3 } from './card-writer.js';
import { joinCard, splitCard } from './card-mapping.js';
import { bringsMainIcon, mainPictureOf, picturesOf, placePictures } from './card-pictures.js';
import { readCard, type CardFileHints } from './read-card.js';
import { writeCard, type CardExport } from './write-card.js';

/** Decoding pictures is the slow part of an import, and the request has an end. */
const PICTURES_MS = 20_000;

/** An icon that has to become a PNG does not become one of a hundred megabytes. */
const CONVERTED_SIDE = 1_024;

/** Refusals that every further picture would meet, too. */
const LAST = new Set(['gallery-full', 'rate-limited']);

export interface ImportedCard extends Pick<CardImport, 'source' | 'repairs' | 'warnings'> {
  character: Character;
}

/** Characters from cards, and cards from characters. */
@Injectable()
export class CardsService {
  private readonly logger = new Logger('Cards');

  constructor(
    private readonly characters: CharactersService,
    private readonly gallery: GalleryService,
    private readonly clock: Clock,
  ) {}

  /** A new character, with the card's pictures in its gallery. What it cannot take is a warning. @throws card-invalid */
  async importCard(
    actor: Actor,
    file: { content: Buffer; visibility?: Visibility } & CardFileHints,
  ): Promise<ImportedCard> {
    const read = await readCard(file.content, file);
    const character = await this.characters.createFromCard(actor, splitCard(read.card), file.visibility);
    const { source, repairs, warnings } = read;
    return {
      character,
      source,
      repairs,
      warnings: [...warnings, ...(await this.keepPictures(actor, character.id, read))],
    };
  }

  /** Never fails: the character is there, and a picture can be added later. */
  private async keepPictures(actor: Actor, id: string, read: CardImport): Promise<CardImport['warnings']> {
    const pictures = picturesOf(read);
    const until = this.clock.now().getTime() + PICTURES_MS;
    const warnings: CardImport['warnings'] = [];
    const leaveOut = (what: string, why: string) =>
      warnings.push({ code: 'picture-left-out', detail: `Left out ${what}: ${why}` });
    for (const [index, { type, name, content }] of pictures.entries()) {
      const what = `the ${type} ${JSON.stringify(name)}`;
      if (this.clock.now().getTime() > until) leaveOut(what, 'There are too many large pictures.');
      else {
        try {
          await this.gallery.add(actor, id, { type, name, content });
        } catch (error) {
          if (error instanceof AppError && LAST.has(error.code)) {
            leaveOut(`${pictures.length - index} pictures`, error.message);
            break;
          }
          if (!(error instanceof AppError))
            this.logger.warn({ msg: 'A picture of a card was lost', err: error });
          leaveOut(what, error instanceof AppError ? error.message : 'It could not be stored.');
        }
      }
    }
    const used = new Set(pictures.map(({ content }) => content));
    const unused = read.files.filter(({ bytes }) => !used.has(bytes)).length;
    if (unused > 0) leaveOut(`${unused} files`, 'No asset of the card is in them.');
    return warnings;
  }

  /**
   * Its card, for whoever may change it. Archives and images carry the pictures of the gallery, the main icon first, as
   * far as they fit into what can be imported again.
   */
  async exportCard(
    actor: Actor,
    id: string,
    { format, spec }: { format: CardFormat; spec: 'v2' | 'v3' },
  ): Promise<CardExport & { name: string }> {
    const card = joinCard(await this.characters.getCard(actor, id));
    const { name } = card.data;
    if (format === 'json') return { ...writeCard(card, { format, spec }), name };
    const gallery = await this.gallery.assets(id);
    const main = mainPictureOf(gallery);
    const others = gallery.filter((asset) => asset !== main);
    const kept = withinBytes(main ? [main, ...others] : others, roomBeside(card));
    const beside = bringsMainIcon(card) ? kept : kept.filter((asset) => asset !== main);
    const { card: placed, placed: places } = placePictures(card, beside);
    const files: CardFile[] = [];
    for (const { path, picture } of places) files.push({ path, bytes: await this.gallery.content(picture) });
    const image = main && (await this.image(main, format));
    return { ...writeCard(placed, { format, spec, image, files }), name };
  }

  private async image(picture: GalleryAsset, format: CardFormat): Promise<Buffer> {
    const content = await this.gallery.content(picture);
    const { format: is } = await inspectPicture(content);
    return format === 'charx' || is === 'png'
      ? content
      : openPicture(content)
          .rotate()
          .resize({ width: CONVERTED_SIDE, height: CONVERTED_SIDE, fit: 'inside', withoutEnlargement: true })
          .png()
          .toBuffer();
  }
}

/**
 * How many bytes of pictures an export can carry and still be imported again. Images have everything in base64, the card
 * twice.
 */
const roomBeside = (card: CharacterCard): number =>
  (CARD_FILE_BYTES * 0.95 - Buffer.byteLength(documentV3(card)) * 3) * 0.75;

function withinBytes(pictures: readonly GalleryAsset[], bytes: number): GalleryAsset[] {
  let room = bytes;
  return pictures.filter(({ size }) => {
    if (size > room) return false;
    room -= size;
    return true;
  });
}
