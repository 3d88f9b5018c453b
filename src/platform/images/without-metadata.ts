import { withoutAvifMetadata } from './metadata/avif.js';
import { withoutGifMetadata } from './metadata/gif.js';
import { withoutJpegMetadata } from './metadata/jpeg.js';
import { withoutPngMetadata } from './metadata/png.js';
import { withoutWebpMetadata } from './metadata/webp.js';
import { brokenPicture, type PictureFormat } from './picture.js';

const CLEANERS: Record<PictureFormat, (content: Buffer, orientation: number) => Buffer> = {
  png: withoutPngMetadata,
  jpeg: withoutJpegMetadata,
  webp: withoutWebpMetadata,
  gif: withoutGifMetadata,
  avif: withoutAvifMetadata,
};

/**
 * The same picture, to the pixel, without what people do not know that they send along: where and by whom it was taken,
 * with what, the card that it may be. Nothing is decoded; what is kept is what is known to be seen. For pictures that were
 * decoded before.
 *
 * @param orientation - of the picture, 1 to 8: it is turned as before
 * @throws image-invalid when its parts do not add up
 */
export function withoutMetadata(content: Buffer, format: PictureFormat, orientation = 1): Buffer {
  try {
    return CLEANERS[format](content, orientation);
  } catch (cause) {
    throw brokenPicture(cause);
  }
}
