import type { CardAsset, CharacterCard } from './card.types.js';
import type { CardFile } from './card-file.types.js';
import type { CardFindings } from './card-findings.js';

/** How a card points into its own file: as the specification spells it, as it should be, and as images have it. */
const EMBEDDED = /^(?:embeded:\/\/|embedded:\/\/|__asset:)/;
const IN_ARCHIVE = 'embeded://';
const IN_IMAGE = '__asset:';

const MAIN_ICON_PATH = 'assets/icon/images/main';

/** Where in its file an asset is; undefined where it is not in it. */
export const embeddedPathOf = (uri: string): string | undefined =>
  EMBEDDED.test(uri) ? uri.replace(EMBEDDED, '') : undefined;

function withAssets(card: CharacterCard, change: (asset: CardAsset) => CardAsset): CharacterCard {
  const { assets } = card.data;
  return assets ? { ...card, data: { ...card.data, assets: assets.map(change) } } : card;
}

/** With every address into the file spelt in one way. Warns of those that lead nowhere. */
export function resolveAssets(
  card: CharacterCard,
  files: readonly CardFile[],
  findings: CardFindings,
): CharacterCard {
  const paths = new Set(files.map(({ path }) => path));
  return withAssets(card, (asset) => {
    const path = embeddedPathOf(asset.uri);
    if (path === undefined) return asset;
    if (paths.has(path)) return { ...asset, uri: IN_ARCHIVE + path };
    findings.warn('asset-missing', `The asset ${JSON.stringify(asset.name)} is not in the file.`);
    return asset;
  });
}

/** With the addresses that lead to `files` as readers of images want them. */
export function addressedInImage(card: CharacterCard, files: readonly CardFile[]): CharacterCard {
  const paths = new Set(files.map(({ path }) => path));
  return withAssets(card, (asset) => {
    const path = embeddedPathOf(asset.uri);
    return path !== undefined && paths.has(path) ? { ...asset, uri: IN_IMAGE + path } : asset;
  });
}

export const isMainIcon = ({ type, name }: CardAsset): boolean => type === 'icon' && name === 'main';

/** The picture of the character among the files: the main icon, or else the first. */
export function mainIconOf({ data }: CharacterCard, files: readonly CardFile[]): Buffer | undefined {
  const icons = (data.assets ?? []).filter(({ type }) => type === 'icon');
  const path = embeddedPathOf((icons.find(isMainIcon) ?? icons[0])?.uri ?? '');
  return files.find((file) => file.path === path)?.bytes;
}

/** An archive has no picture of its own: `image` becomes the file of the main icon, unless that is another already. */
export function withMainIcon(
  card: CharacterCard,
  files: readonly CardFile[],
  image: Buffer,
): { card: CharacterCard; files: readonly CardFile[] } {
  const assets = card.data.assets ?? [];
  const present = assets.find(isMainIcon);
  if (present && present.uri !== 'ccdefault:') return { card, files };
  const ext = extensionOf(image);
  const path = `${MAIN_ICON_PATH}.${ext}`;
  const icon = { ...present, type: 'icon', uri: IN_ARCHIVE + path, name: 'main', ext };
  const others = assets.filter((asset) => asset !== present);
  return {
    card: { ...card, data: { ...card.data, assets: [icon, ...others] } },
    files: [...files.filter((file) => file.path !== path), { path, bytes: image }],
  };
}

const SIGNS: readonly [ext: string, sign: RegExp][] = [
  ['jpg', /^\xff\xd8\xff/],
  ['gif', /^GIF8/],
  ['webp', /^RIFF....WEBP/s],
  ['avif', /^....ftypavi[fs]/s],
];

const extensionOf = (image: Buffer): string =>
  SIGNS.find(([, sign]) => sign.test(image.toString('latin1', 0, 16)))?.[0] ?? 'png';
