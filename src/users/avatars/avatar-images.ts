import { brokenPicture, inspectPicture, openPicture } from '../../platform/images/picture.js';

/** Sides in pixels; avatars are square. */
export const AVATAR_SIZES = [64, 128, 256, 512] as const;
export type AvatarSize = (typeof AVATAR_SIZES)[number];

const MAX_PIXELS = 40_000_000;
const QUALITY = 82;

export interface AvatarImage {
  size: AvatarSize;
  content: Buffer;
}

/**
 * The middle of a picture as WebP in every size. Encoding anew leaves nothing of the original but what it shows: no
 * place where it was taken, no hidden payload.
 * @throws image-invalid
 */
export async function avatarImages(original: Buffer): Promise<AvatarImage[]> {
  await inspectPicture(original, { maxPixels: MAX_PIXELS });
  const largest = Math.max(...AVATAR_SIZES);
  let square: Buffer;
  try {
    square = await openPicture(original, { maxPixels: MAX_PIXELS })
      .autoOrient()
      .resize(largest, largest, { fit: 'cover' })
      .png({ compressionLevel: 1 })
      .toBuffer();
  } catch (cause) {
    throw brokenPicture(cause);
  }
  return Promise.all(
    AVATAR_SIZES.map(async (size) => ({
      size,
      content: await openPicture(square).resize(size, size).webp({ quality: QUALITY }).toBuffer(),
    })),
  );
}
