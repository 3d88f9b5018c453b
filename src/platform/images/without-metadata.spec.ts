import sharp from 'sharp';
import { withoutMetadata } from './without-metadata.js';

const SECRET = 'the secret prompt';
const picture = sharp({ create: { width: 30, height: 20, channels: 3, background: 'teal' } });
const pixelsOf = (content: Buffer): Promise<Buffer> => sharp(content).raw().toBuffer();

/** A text chunk; its checksum does not matter here. */
function textChunk(text: string): Buffer {
  const data = Buffer.from(`chara\0${text}`, 'latin1');
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write('tEXt', 4, 'latin1');
  data.copy(chunk, 8);
  return chunk;
}

it('a PNG keeps its pixels and none of its texts, wherever they stand', async () => {
  const plain = await picture
    .clone()
    .withExif({ IFD0: { Copyright: SECRET } })
    .png()
    .toBuffer();
  const content = Buffer.concat([
    plain.subarray(0, 33),
    textChunk(SECRET),
    plain.subarray(33),
    textChunk(SECRET),
  ]);
  const cleaned = withoutMetadata(content, 'png');
  expect(content.includes(SECRET)).toBe(true);
  expect(cleaned.includes(SECRET)).toBe(false);
  expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(plain));
  expect(withoutMetadata(cleaned, 'png')).toEqual(cleaned);
});

it.each([1, 3, 6, 8])(
  'a JPEG keeps its pixels and how it is turned (%d), and nothing of its camera',
  async (turned) => {
    const content = await picture
      .clone()
      .withExif({ IFD0: { Copyright: SECRET } })
      .withMetadata({ orientation: turned })
      .withExifMerge({ IFD0: { Copyright: SECRET } })
      .jpeg()
      .toBuffer();
    const cleaned = withoutMetadata(content, 'jpeg', turned);
    expect(content.includes(SECRET)).toBe(true);
    expect(cleaned.includes(SECRET)).toBe(false);
    expect((await sharp(cleaned).metadata()).orientation ?? 1).toBe(turned);
    expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(content));
  },
);

/** A segment of a JPEG. */
function segment(marker: number, text: string): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([head, Buffer.from(text, 'latin1')]);
}

it.each([false, true])(
  'a JPEG ends where its picture does: no preview behind it, and no list of them (progressive: %s)',
  async (progressive) => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    const plain = await sharp({ create: { width: 90, height: 80, channels: 3, background: 'teal', noise } })
      .withIccProfile('p3')
      .jpeg({ progressive })
      .toBuffer();
    const preview = await picture
      .clone()
      .withExif({ IFD0: { Copyright: SECRET } })
      .jpeg()
      .toBuffer();
    const list = segment(0xe2, `MPF\0${SECRET}`);
    const content = Buffer.concat([
      plain.subarray(0, 2),
      list,
      plain.subarray(2),
      preview,
      Buffer.from(SECRET),
    ]);
    const cleaned = withoutMetadata(content, 'jpeg');
    expect(cleaned.includes(SECRET)).toBe(false);
    expect(cleaned).toEqual(withoutMetadata(plain, 'jpeg'));
    expect((await sharp(cleaned).metadata()).icc).toHaveLength((await sharp(plain).metadata()).icc!.length);
    expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(plain));
  },
);

it('a JPEG keeps nothing that stands between its scans', async () => {
  const plain = await picture.clone().jpeg({ progressive: true }).toBuffer();
  const scan = plain.lastIndexOf(Buffer.of(0xff, 0xda));
  const content = Buffer.concat([plain.subarray(0, scan), segment(0xe1, SECRET), plain.subarray(scan)]);
  expect(withoutMetadata(content, 'jpeg')).toEqual(withoutMetadata(plain, 'jpeg'));
});

it.each([1, 6])(
  'a PNG stays turned as it was (%d), and keeps no chunk of a program of its own',
  async (turned) => {
    const plain = await picture.clone().withMetadata({ orientation: turned }).png().toBuffer();
    const own = textChunk(SECRET);
    own.write('caBX', 4, 'latin1');
    const cleaned = withoutMetadata(
      Buffer.concat([plain.subarray(0, 33), own, plain.subarray(33)]),
      'png',
      turned,
    );
    expect(cleaned.includes(SECRET)).toBe(false);
    expect((await sharp(cleaned).metadata()).orientation ?? 1).toBe(turned);
    expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(plain));
  },
);
