import sharp from 'sharp';
import { withoutMetadata } from '../without-metadata.js';

const SECRET = 'the secret prompt';
const pixelsOf = (content: Buffer): Promise<Buffer> => sharp(content, { animated: true }).raw().toBuffer();

const extension = (label: number, ...blocks: (Buffer | string)[]): Buffer =>
  Buffer.concat([
    Buffer.of(0x21, label),
    ...blocks.flatMap((block) => [Buffer.of(block.length), Buffer.from(block)]),
    Buffer.of(0),
  ]);

const moving = async (): Promise<Buffer> => {
  const frames = ['red', 'lime', 'blue'].map((background) =>
    sharp({ create: { width: 16, height: 16, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(frames), { join: { animated: true } })
    .gif({ loop: 3, delay: [100, 200, 300] })
    .toBuffer();
};

/** Where its first extension begins. */
const firstPart = (content: Buffer): number => 13 + (3 << ((content[10]! & 7) + 1));

it('keeps its frames and how often they are shown, and nothing that is not seen', async () => {
  const plain = await moving();
  const start = firstPart(plain);
  const content = Buffer.concat([
    plain.subarray(0, start),
    extension(0xfe, SECRET, SECRET),
    extension(0xff, 'XMP DataXMP', SECRET),
    extension(0xff, 'ICCRGBG1012', SECRET),
    plain.subarray(start),
    Buffer.from(SECRET),
  ]);
  const cleaned = withoutMetadata(content, 'gif');
  expect(cleaned).toEqual(plain);
  expect(cleaned.includes(SECRET)).toBe(false);
  const { pages, loop, delay } = await sharp(cleaned, { animated: true }).metadata();
  expect({ pages, loop, delay }).toEqual({ pages: 3, loop: 3, delay: [100, 200, 300] });
  expect(await pixelsOf(cleaned)).toEqual(await pixelsOf(content));
});

it('takes what says how often as no more than that', async () => {
  const plain = await moving();
  const start = firstPart(plain);
  const loop = plain.indexOf('NETSCAPE2.0') - 3;
  expect(loop).toBeGreaterThanOrEqual(start);
  const content = Buffer.concat([
    plain.subarray(0, loop),
    extension(0xff, 'ANIMEXTS1.0', Buffer.of(1, 7, 0), SECRET),
    extension(0xff, 'NETSCAPE2.0', SECRET),
    extension(0xff, 'NETSCAPE2.0', 'abc'),
    extension(0x01, '123456789012', SECRET),
    plain.subarray(loop + 19),
  ]);
  expect(withoutMetadata(content, 'gif')).toEqual(
    Buffer.concat([
      plain.subarray(0, loop),
      extension(0xff, 'ANIMEXTS1.0', Buffer.of(1, 7, 0)),
      plain.subarray(loop + 19),
    ]),
  );
});

it('is refused when its parts do not add up', async () => {
  const plain = await moving();
  const start = firstPart(plain);
  const broken = [
    plain.subarray(0, -8),
    Buffer.concat([plain.subarray(0, start), Buffer.of(0x99), plain.subarray(start)]),
    Buffer.concat([plain.subarray(0, start), Buffer.alloc(180_000, extension(0xfe)), plain.subarray(start)]),
    Buffer.concat([plain.subarray(0, start), Buffer.of(0x21, 0xfe, 0xff)]),
  ];
  for (const content of broken) {
    expect(() => withoutMetadata(content, 'gif')).toThrow(expect.objectContaining({ code: 'image-invalid' }));
  }
});
