import sharp from 'sharp';
import type { PictureFormat } from '../picture.js';
import { withoutMetadata } from '../without-metadata.js';
import { withoutWords } from './colour-profile.js';

const OWNER = 'Screen of somebody';
let p3: Buffer;
/** The same profile, and in it whose it is. */
let personal: Buffer;

beforeAll(async () => {
  const picture = sharp({ create: { width: 9, height: 7, channels: 3, background: '#c81e3c' } });
  p3 = (await sharp(await picture.withIccProfile('p3').png().toBuffer()).metadata()).icc!;
  const text = Buffer.concat([Buffer.from('text\0\0\0\0'), Buffer.from(OWNER)]);
  const count = p3.readUInt32BE(128);
  const tableEnd = 132 + count * 12;
  const entry = Buffer.from('mmod\0\0\0\0\0\0\0\0');
  const moved = Buffer.from(p3.subarray(132, tableEnd));
  for (let at = 4; at < moved.length; at += 12) moved.writeUInt32BE(moved.readUInt32BE(at) + 12, at);
  entry.writeUInt32BE(p3.length + 12, 4);
  entry.writeUInt32BE(text.length, 8);
  personal = Buffer.concat([p3.subarray(0, 132), moved, entry, p3.subarray(tableEnd), text]);
  personal.writeUInt32BE(personal.length, 0);
  personal.writeUInt32BE(count + 1, 128);
  personal.write('SOMEBODY', 48, 'latin1');
});

it('keeps its colours and nothing that it tells in words', () => {
  const cleaned = withoutWords(personal)!;
  expect(cleaned).toHaveLength(personal.length);
  expect(personal.includes(OWNER)).toBe(true);
  expect(cleaned.includes(OWNER)).toBe(false);
  expect(cleaned.includes('SOMEBODY')).toBe(false);
  expect(withoutWords(cleaned)).toEqual(cleaned);
});

it.each<PictureFormat>(['png', 'jpeg', 'webp', 'avif'])(
  'of a picture (%s) tells as little, and its colours are shown as before',
  async (format) => {
    const plain = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#c81e3c' } })
      .withIccProfile('p3')
      .toFormat(format)
      .toBuffer();
    const shown = (content: Buffer): Promise<Buffer> => sharp(content).toColourspace('srgb').raw().toBuffer();
    const cleaned = withoutMetadata(plain, format);
    const { icc } = await sharp(cleaned).metadata();
    expect(icc).toEqual(withoutWords(p3));
    expect(icc).not.toEqual(p3);
    expect(await shown(cleaned)).toEqual(await shown(plain));
  },
);

it('is left out when it makes no sense', () => {
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(p3);
    copy.writeUInt32BE(value, at);
    return copy;
  };
  const senseless = [
    p3.subarray(0, 100),
    p3.subarray(0, -1),
    changed(36, 0),
    changed(128, 1_000_000),
    changed(132 + 4, 4),
    changed(132 + 8, 0xffff_ffff),
    changed(132 + 8, 0),
  ];
  expect(senseless.map((profile) => withoutWords(profile))).toEqual(senseless.map(() => undefined));
});
