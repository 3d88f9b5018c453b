import sharp, { type Sharp } from 'sharp';
import { withoutMetadata } from '../without-metadata.js';

const SECRET = 'the secret prompt';
const picture = (): Sharp =>
  sharp({ create: { width: 32, height: 20, channels: 4, background: { r: 9, g: 200, b: 60, alpha: 0.5 } } });
const pixelsOf = (content: Buffer): Promise<Buffer> => sharp(content).raw().toBuffer();

let content: Buffer;
beforeAll(async () => {
  content = await picture()
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD0: { Copyright: SECRET },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' },
    })
    .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${SECRET}</x:xmpmeta>`)
    .withIccProfile('p3')
    .avif({ effort: 0 })
    .toBuffer();
});

function box(type: string, data: Buffer | string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, Buffer.from(data)]);
}

/** The same file with other bytes from `at` on. */
const patched = (at: number, bytes: number[] | string): Buffer => {
  const copy = Buffer.from(content);
  copy.set(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, at);
  return copy;
};

it('keeps its pixels, its colours and how it is turned, and not where it was taken', async () => {
  const cleaned = withoutMetadata(content, 'avif');
  expect(content.includes(SECRET)).toBe(true);
  expect(cleaned.includes(SECRET)).toBe(false);
  expect(cleaned.includes('Exif')).toBe(false);
  expect(cleaned.includes('xmpmeta')).toBe(false);
  const { exif, xmp, width, height, hasAlpha, icc } = await sharp(cleaned).metadata();
  expect({ exif, xmp, width, height, hasAlpha }).toEqual({ width: 20, height: 32, hasAlpha: true });
  expect(icc).toHaveLength((await sharp(content).metadata()).icc!.length);
  expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(content));
  expect(withoutMetadata(cleaned, 'avif')).toEqual(cleaned);
});

it('keeps nothing that no picture refers to, wherever it stands', async () => {
  const cleaned = withoutMetadata(content, 'avif');
  const around = Buffer.concat([content, box('uuid', SECRET), box('mdat', SECRET), box('free', SECRET)]);
  const rest = withoutMetadata(around, 'avif').subarray(content.length);
  expect(withoutMetadata(around, 'avif').subarray(0, content.length)).toEqual(cleaned);
  expect(rest.includes(SECRET)).toBe(false);
  // The last box may say that it goes on to the end.
  const open = Buffer.concat([content, box('mdat', SECRET)]);
  open.writeUInt32BE(0, content.length);
  expect(withoutMetadata(open, 'avif').includes(SECRET)).toBe(false);
  // Between two pictures.
  const start = content.indexOf('mdat') + 4;
  const offset = Buffer.alloc(4);
  offset.writeUInt32BE(start);
  const later = patched(content.indexOf(offset), [...offset.subarray(0, 3), offset[3]! + 4]);
  expect(withoutMetadata(later, 'avif').subarray(start, start + 4)).toEqual(Buffer.alloc(4));
  // A property and a list that nobody knows.
  const named = patched(content.indexOf('pixi'), 'udes');
  named.write('prompt', named.indexOf('udes') + 4);
  expect(withoutMetadata(named, 'avif').includes('prompt')).toBe(false);
  const listed = patched(content.indexOf('iref'), 'xml ');
  listed.write('prompt', listed.indexOf('xml ') + 4);
  expect(withoutMetadata(listed, 'avif').includes('prompt')).toBe(false);
});

it('is refused when its parts do not add up, or when it moves', () => {
  const at = (type: string): number => content.indexOf(type);
  const iloc = at('iloc');
  const broken = {
    'cut off': content.subarray(0, -8),
    'more than its end': patched(at('mdat') - 4, [0x7f]),
    'no pictures': patched(at('meta'), 'mete'),
    'no places': patched(iloc, 'ilok'),
    'a box without a length': patched(iloc - 4, [0, 0, 0, 3]),
    'items without a kind': patched(at('infe') + 4, [1]),
    'no end of items': patched(iloc + 4, [0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 1, 0, 0, 0xff, 0xff]),
    'pictures elsewhere': patched(at('mdat'), 'free'),
    'no properties': patched(at('ipco'), 'ipcu'),
    'two lists': patched(at('pitm'), 'iloc'),
    frames: Buffer.concat([content, box('moov', SECRET)]),
  };
  for (const [what, file] of Object.entries(broken)) {
    let fault: unknown;
    try {
      withoutMetadata(file, 'avif');
    } catch (error) {
      fault = error;
    }
    expect([what, fault]).toEqual([what, expect.objectContaining({ code: 'image-invalid' })]);
  }
});

it('takes a time in proportion to its bytes, whatever they say', () => {
  const before = process.cpuUsage();
  const manyBoxes = Buffer.concat([content, Buffer.alloc(4 * 1_048_576, box('free', ''))]);
  // Items of 65,535 parts each, none of which takes a byte.
  const items = Buffer.alloc(8 * 65_535, Buffer.from('000900000000ffff', 'hex'));
  const iloc = box('iloc', Buffer.concat([Buffer.from('010000000000ffff', 'hex'), items]));
  const [meta, places] = ['meta', 'iloc'].map((type) => content.indexOf(type) - 4) as [number, number];
  const inside = Buffer.concat([
    content.subarray(meta + 8, places),
    iloc,
    content.subarray(places + content.readUInt32BE(places), meta + content.readUInt32BE(meta)),
  ]);
  const manyParts = Buffer.concat([content.subarray(0, meta), box('meta', inside)]);
  for (const file of [manyBoxes, manyParts]) {
    expect(() => withoutMetadata(file, 'avif')).toThrow(expect.objectContaining({ code: 'image-invalid' }));
  }
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
});
