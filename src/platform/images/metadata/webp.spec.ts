import sharp from 'sharp';
import type { PictureFormat } from '../picture.js';
import { withoutMetadata } from '../without-metadata.js';

const SECRET = 'the secret prompt';
const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRET}</x:xmpmeta>`;
const GPS = { IFD0: { Copyright: SECRET }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' } };
const picture = sharp({
  create: { width: 30, height: 20, channels: 4, background: { r: 10, g: 200, b: 60, alpha: 0.5 } },
});
const pixelsOf = (content: Buffer): Promise<Buffer> => sharp(content, { animated: true }).raw().toBuffer();
const told = async (content: Buffer): Promise<(Buffer | undefined)[]> => {
  const { exif, xmp, iptc } = await sharp(content).metadata();
  return [exif, xmp, iptc];
};
const code = (content: Buffer, format: PictureFormat): unknown => {
  try {
    return withoutMetadata(content, format);
  } catch (fault) {
    return (fault as { code?: string }).code;
  }
};

/** Frames one above the other make a picture that moves. */
const moving = async (): Promise<Buffer> => {
  const frames = ['red', 'lime', 'blue'].map((background) =>
    sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(frames), { join: { animated: true } })
    .webp({ lossless: true, loop: 3, delay: [100, 200, 300] })
    .toBuffer();
};

function chunk(type: string, data: Buffer | string): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, Buffer.from(data), Buffer.alloc(data.length % 2)]);
}

/** A file of these chunks. */
function riff(chunks: Buffer): Buffer {
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1');
  head.writeUInt32LE(chunks.length + 4, 4);
  return Buffer.concat([head, chunks]);
}

it.each([false, true])('keeps its pixels and not where it was taken (lossless: %s)', async (lossless) => {
  const content = await picture
    .clone()
    .withExif(GPS)
    .withXmp(XMP)
    .withIccProfile('p3')
    .webp({ lossless })
    .toBuffer();
  const cleaned = withoutMetadata(content, 'webp');
  expect(content.includes(SECRET)).toBe(true);
  expect(cleaned.includes(SECRET)).toBe(false);
  expect(await told(cleaned)).toEqual([undefined, undefined, undefined]);
  // The flags of the header: colours and transparency, and nothing that is not there any more.
  expect(cleaned[20]).toBe(0x30);
  expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(content));
  expect((await sharp(cleaned).metadata()).icc).toHaveLength((await sharp(content).metadata()).icc!.length);
  expect(withoutMetadata(cleaned, 'webp')).toEqual(cleaned);
});

it.each([1, 3, 6, 8])('stays turned as it was (%d)', async (turned) => {
  const content = await picture
    .clone()
    .withMetadata({ orientation: turned })
    .withExifMerge(GPS)
    .webp()
    .toBuffer();
  const cleaned = withoutMetadata(content, 'webp', turned);
  expect(cleaned.includes(SECRET)).toBe(false);
  expect((await sharp(cleaned).metadata()).orientation ?? 1).toBe(turned);
});

it('goes on moving, as often and as fast, without what stands in its frames', async () => {
  const plain = await moving();
  const cleaned = withoutMetadata(plain, 'webp');
  const frame = plain.lastIndexOf('ANMF');
  const length = plain.readUInt32LE(frame + 4);
  const spied = Buffer.concat([plain.subarray(frame + 8, frame + 8 + length), chunk('SPY ', SECRET)]);
  const content = riff(
    Buffer.concat([plain.subarray(12, frame), chunk('ANMF', spied), chunk('SPY ', `${SECRET}!`)]),
  );
  expect(await sharp(content, { animated: true }).metadata()).toMatchObject({ pages: 3 });
  expect(withoutMetadata(Buffer.concat([content, Buffer.from(SECRET)]), 'webp')).toEqual(cleaned);
  const { pages, loop, delay } = await sharp(cleaned, { animated: true }).metadata();
  expect({ pages, loop, delay }).toEqual({ pages: 3, loop: 3, delay: [100, 200, 300] });
  expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(plain));
});

it('is refused when its parts do not add up', async () => {
  const plain = await moving();
  const frame = plain.indexOf('ANMF');
  const longFrame = Buffer.from(plain);
  longFrame.writeUInt32LE(0xffff_ffff, frame + 4);
  const longPart = Buffer.from(plain);
  longPart.writeUInt32LE(1_000, frame + 8 + 16 + 4);
  const broken = [
    plain.subarray(0, -4),
    plain.subarray(0, 12 + 4),
    longFrame,
    longPart,
    riff(chunk('ANMF', 'short')),
    riff(chunk('VP8X', 'short')),
    riff(Buffer.concat(Array.from({ length: 60_000 }, () => chunk('SPY ', '')))),
  ];
  broken[1]!.writeUInt32LE(8, 4);
  expect(broken.map((content) => code(content, 'webp'))).toEqual(broken.map(() => 'image-invalid'));
});
