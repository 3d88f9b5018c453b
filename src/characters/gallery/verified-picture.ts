import { brokenPicture, inspectPicture, openPicture, type Picture } from '../../platform/images/picture.js';

const verified = new WeakMap<Buffer, Promise<Picture>>();

/**
 * What the bytes are, after every line of every frame was decoded once: nobody is served a picture that ends in the
 * middle. The pixels go nowhere, so it takes the memory of a column (24 megapixels of JPEG: 0.2 s).
 * A card may show one file in many places: the same buffer is decoded once.
 * @throws image-invalid
 */
export function verifiedPicture(content: Buffer): Promise<Picture> {
  const known = verified.get(content) ?? verify(content);
  verified.set(content, known);
  return known;
}

async function verify(content: Buffer): Promise<Picture> {
  const picture = await inspectPicture(content);
  // At least as many lines as the picture has, whichever way it is turned; fewer would leave some undecoded.
  const lines = Math.max(picture.width, picture.height);
  try {
    await openPicture(content, { animated: picture.frames > 1 })
      .resize({ width: 1, height: lines, fit: 'fill', kernel: 'nearest', fastShrinkOnLoad: false })
      .raw()
      .toBuffer();
  } catch (cause) {
    throw brokenPicture(cause);
  }
  return picture;
}
