import { GALLERY_LIMITS } from '../gallery/gallery.limits.js';
import { ASSET_TYPES, type AssetType, type GalleryAsset } from '../gallery/gallery.types.js';
import { embeddedPathOf, isMainIcon } from './card-assets.js';
import type { CardImport } from './card-file.types.js';
import type { CardAsset, CharacterCard } from './card.types.js';

/** A picture of a card, as the gallery would take it. */
export interface CardPicture {
  type: AssetType;
  name: string;
  content: Buffer;
}

const typeOf = ({ type }: CardAsset): AssetType => ASSET_TYPES.find((known) => known === type) ?? 'other';

const nameOf = ({ name }: CardAsset): string =>
  Array.from(name.replace(/\p{Cc}+/gu, ' ').trim())
    .slice(0, GALLERY_LIMITS.name / 2)
    .join('') || 'unnamed';

/** What a card's file brings for the gallery: its image as the main icon, and the files that its assets point at. */
export function picturesOf({ card, source, image, files }: CardImport): CardPicture[] {
  const contents = new Map(files.map(({ path, bytes }) => [path, bytes]));
  const embedded = (card.data.assets ?? []).flatMap((asset): CardPicture[] => {
    const content = contents.get(embeddedPathOf(asset.uri) ?? '');
    return content ? [{ type: typeOf(asset), name: nameOf(asset), content }] : [];
  });
  const isImage = source.format === 'png' || source.format === 'apng';
  if (!isImage || !image || bringsMainIcon(card)) return embedded;
  return [{ type: 'icon', name: 'main', content: image }, ...embedded];
}

/** Whether the picture of the character is a file beside the card, and not only the image that the card is in. */
export const bringsMainIcon = ({ data }: CharacterCard): boolean =>
  (data.assets ?? []).some((asset) => isMainIcon(asset) && embeddedPathOf(asset.uri) !== undefined);

/** The picture that stands for a character. */
export const mainPictureOf = (gallery: readonly GalleryAsset[]): GalleryAsset | undefined => {
  const icons = gallery.filter(({ type }) => type === 'icon');
  return icons.find(({ name }) => name === 'main') ?? icons[0];
};

/** A picture of the gallery under the path that it has in an export. */
export interface PlacedPicture {
  path: string;
  picture: GalleryAsset;
}

/**
 * The card with an asset for every one of `pictures`, and where each is to be put: an asset that came with a file finds
 * the picture of its kind and name again, and the other pictures become assets of their own.
 */
export function placePictures(
  card: CharacterCard,
  pictures: readonly GalleryAsset[],
): { card: CharacterCard; placed: PlacedPicture[] } {
  const left = [...pictures];
  const placed: PlacedPicture[] = [];
  const place = (path: string, picture: GalleryAsset): void => {
    left.splice(left.indexOf(picture), 1);
    if (!placed.some((other) => other.path === path)) placed.push({ path, picture });
  };
  for (const asset of card.data.assets ?? []) {
    const path = embeddedPathOf(asset.uri);
    const picture = left.find(({ type, name }) => type === typeOf(asset) && name === nameOf(asset));
    if (path !== undefined && picture) place(path, picture);
  }
  const added = [...left].map((picture, index): CardAsset => {
    const { type, name, ext } = picture;
    const path = `assets/${type}/images/gallery-${index + 1}.${ext}`;
    place(path, picture);
    return { type: type === 'other' ? 'x_other' : type, uri: `embeded://${path}`, name, ext };
  });
  if (added.length === 0) return { card, placed };
  return {
    card: { ...card, data: { ...card.data, assets: [...(card.data.assets ?? []), ...added] } },
    placed,
  };
}
