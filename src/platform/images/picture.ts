import sharp, { type Metadata, type Sharp } from 'sharp';
import { defineErrors } from '../errors/app-error.js';

const imageErrors = defineErrors('images', {
  'image-invalid': { kind: 'invalid', title: 'Image cannot be read' },
});

const FORMATS = ['png', 'jpeg', 'webp', 'gif', 'avif'] as const;
export type PictureFormat = (typeof FORMATS)[number];

export interface PictureLimits {
  /** Of one frame times the number of frames. @default 40 megapixels */
  maxPixels?: number;
  /** @default 8192 */
  maxSide?: number;
}

/** What the bytes are, whatever their sender says. */
export interface Picture {
  format: PictureFormat;
  mediaType: `image/${PictureFormat}`;
  /** As it is shown: after the rotation that its metadata asks for. */
  width: number;
  height: number;
  /** 1 unless it moves. */
  frames: number;
  /** How its metadata turns and mirrors it, 1 to 8 as in Exif; 1 is not at all. */
  orientation: number;
}

const MAX_PIXELS = 40_000_000;
const MAX_SIDE = 8_192;
const DECODE_TIMEOUT_S = 10;

// Formats are told by their first bytes, so that no other decoder (SVG, PDF and the like) ever sees what people send.
const SIGNATURES: readonly (readonly [PictureFormat, RegExp])[] = [
  ['png', /^.PNG\r\n.\n/s],
  ['jpeg', /^\xff\xd8\xff/],
  ['webp', /^RIFF[^]{4}WEBP/],
  ['gif', /^GIF8[79]a/],
  ['avif', /^[^]{4}ftyp(?:avi[fs]|[^]{8}(?:[^]{4})*?avi[fs])/],
];

/** The picture, open for reading: only the first frame unless `animated`. Reading it fails for a broken one. */
export const openPicture = (content: Buffer, { animated = false, maxPixels = MAX_PIXELS } = {}): Sharp =>
  sharp(content, { animated, limitInputPixels: maxPixels, failOn: 'error', sequentialRead: true }).timeout({
    seconds: DECODE_TIMEOUT_S,
  });

/**
 * Reads the header; damage further on shows when the picture is decoded ({@link brokenPicture}).
 * @throws image-invalid for anything else than a PNG, JPEG, WebP, GIF or AVIF within the limits
 */
export async function inspectPicture(content: Buffer, limits: PictureLimits = {}): Promise<Picture> {
  const { maxPixels = MAX_PIXELS, maxSide = MAX_SIDE } = limits;
  const start = content.subarray(0, 64).toString('latin1');
  const format = SIGNATURES.find(([, signature]) => signature.test(start))?.[0];
  if (!format) throw invalid('It is not a PNG, JPEG, WebP, GIF or AVIF image.');
  try {
    const picture = shown(format, await openPicture(content, { animated: true, maxPixels }).metadata());
    const { width, height, frames } = picture;
    if (Math.max(width, height) <= maxSide && width * height * frames <= maxPixels) return picture;
  } catch (cause) {
    throw invalid('It cannot be read, or it has too many pixels.', cause);
  }
  throw invalid(`It has more than ${maxSide} pixels on a side, or more than ${maxPixels} altogether.`);
}

function shown(format: PictureFormat, metadata: Metadata): Picture {
  const { width, height, pages = 1, pageHeight = height, orientation = 1 } = metadata;
  const lying = orientation >= 5;
  return {
    format,
    mediaType: `image/${format}`,
    width: lying ? pageHeight : width,
    height: lying ? width : pageHeight,
    frames: pages,
    orientation,
  };
}

/** For a picture whose decoding failed. */
export const brokenPicture = (cause: unknown): Error => invalid('It is damaged.', cause);

const invalid = (detail: string, cause?: unknown): Error =>
  imageErrors['image-invalid'](detail, cause === undefined ? {} : { cause });
