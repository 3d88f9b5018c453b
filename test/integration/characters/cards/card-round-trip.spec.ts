import fc from 'fast-check';
import sharp from 'sharp';
import { FULL_SIZE } from '../../../../libs/cache/src/testing/full-size.js';
import { joinCard, splitCard } from '../../../../src/characters/cards/card-mapping.js';
import type { CardFormat } from '../../../../src/characters/cards/card-file.types.js';
import type { CharacterCard } from '../../../../src/characters/cards/card.types.js';
import { readCard } from '../../../../src/characters/cards/read-card.js';
import { writeCard } from '../../../../src/characters/cards/write-card.js';
import { anyCard, someFiles } from '../../../support/cards/card-arbitraries.js';
import { dataV2, dataV3, fieldsV1, v2, v3 } from '../../../support/cards/card-documents.js';
import { apng, cardChunk, compressedChunk, png } from '../../../support/cards/card-images.js';

const KINDS: readonly { format: CardFormat; spec: 'v2' | 'v3' }[] = [
  { format: 'json', spec: 'v2' },
  { format: 'json', spec: 'v3' },
  { format: 'png', spec: 'v2' },
  { format: 'png', spec: 'v3' },
  { format: 'charx', spec: 'v3' },
];

const read = (document: unknown): Promise<CharacterCard> =>
  readCard(Buffer.from(JSON.stringify(document))).then(({ card }) => card);

/** A card, as another object with its members in another order: what a database may give back. */
const reordered = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value), (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toReversed())
      : member,
  ) as T;

describe.each(KINDS)('a card written as $format of $spec', ({ format, spec }) => {
  it('is read as the same card, without a repair, and written as the same bytes again', async () => {
    await fc.assert(
      fc.asyncProperty(anyCard, someFiles, async (card, files) => {
        const kept = format === 'json' ? [] : files;
        const { bytes } = writeCard(card, { format, spec, files: kept });
        const found = await readCard(bytes);
        expect(found.card).toEqual(card);
        expect(found.repairs).toEqual([]);
        expect(found.warnings.filter(({ code }) => code !== 'asset-missing')).toEqual([]);
        expect(found.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual(
          kept.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
        );
        expect(found.source).toMatchObject({ format });
        const again = writeCard(reordered(found.card), { format, spec, files: found.files });
        expect(again.bytes.equals(bytes)).toBe(true);
      }),
      { numRuns: FULL_SIZE ? 3_000 : 60 },
    );
  });
});

describe('what a character stores of a card', () => {
  it('becomes the same card again', () => {
    fc.assert(
      fc.property(anyCard, (card) => {
        expect(joinCard(reordered(splitCard(card)))).toEqual(card);
      }),
      { numRuns: FULL_SIZE ? 3_000 : 60 },
    );
  });
});

describe('an export', () => {
  it.each(KINDS)('of a card of any version is $format of $spec, with all that it said', async (kind) => {
    for (const document of [fieldsV1, v2(), v3(), v2(dataV2, { fav: true })]) {
      const card = await read(document);
      const found = await readCard(writeCard(card, kind).bytes);
      expect(found.card).toEqual(card);
    }
  });

  it('of V2 says what V2 cannot say', async () => {
    const { warnings } = writeCard(await read(v3()), { format: 'json', spec: 'v2' });
    expect(warnings.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'not-in-v2 #/data/nickname',
      'not-in-v2 #/data/creator_notes_multilingual',
      'not-in-v2 #/data/source',
      'not-in-v2 #/data/assets',
      'not-in-v2 #/data/creation_date',
      'not-in-v2 #/data/modification_date',
      'not-in-v2 #/data/group_only_greetings',
      'not-in-v2 #/data/character_book/entries/1/id',
      'not-in-v2 #/data/character_book/entries/1/content',
      'not-in-v2 #/data/character_book/entries/1/use_regex',
    ]);
    expect(writeCard(await read(v2()), { format: 'json', spec: 'v2' }).warnings).toEqual([]);
  });

  it('of V2 is the document that V2 describes', async () => {
    const { bytes } = writeCard(await read(v2()), { format: 'json', spec: 'v2' });
    expect(JSON.parse(bytes.toString())).toEqual(v2());
  });

  it('of V3 is the document that V3 describes', async () => {
    const { bytes } = writeCard(await read(v3(dataV3, { fav: true })), { format: 'json', spec: 'v3' });
    expect(JSON.parse(bytes.toString())).toEqual(v3(dataV3, { fav: true }));
  });

  it.each([
    ['v3', v3(), ['chara', 'ccv3']],
    ['v2', v3(), ['chara', 'ccv3']],
    ['v2', v2(), ['chara']],
  ] as const)(
    'as an image of %s has the chunks that its readers look for',
    async (spec, document, keywords) => {
      const { bytes } = writeCard(await read(document), { format: 'png', spec });
      expect([...bytes.toString('latin1').matchAll(/tEXt(\w+)\0/g)].map(([, keyword]) => keyword)).toEqual(
        keywords,
      );
    },
  );

  it('as an image replaces every old card and leaves the rest of the image as it was', async () => {
    const card = await read(v2());
    const chunks = [cardChunk('chara', v3()), compressedChunk('ccv3', 'old')];
    for (const [used, clean] of [
      [png(chunks, Buffer.from('behind')), png()],
      [apng(chunks), apng()],
    ] as const) {
      const { bytes } = writeCard(card, { format: 'png', spec: 'v2', image: used });
      const { image, card: found } = await readCard(bytes);
      expect(found).toEqual(card);
      expect(image).toEqual(clean);
    }
  });

  it.each([undefined, png(), apng()])('as an image is one that others can show', async (image) => {
    const { bytes } = writeCard(await read(v3()), { format: 'png', spec: 'v3', image });
    const { format, width } = await sharp(bytes, { failOn: 'warning' }).metadata();
    expect({ format, width }).toEqual({ format: 'png', width: image ? 2 : 400 });
    await expect(sharp(bytes, { failOn: 'warning' }).raw().toBuffer()).resolves.toBeDefined();
  });

  it('as an image carries a file that is larger than any card', async () => {
    const files = [{ path: 'large.png', bytes: Buffer.alloc(9_000_000, 'x') }];
    const found = await readCard(writeCard(await read(v3()), { format: 'png', spec: 'v3', files }).bytes);
    expect(found.files.map(({ path, bytes }) => [path, bytes.length])).toEqual([['large.png', 9_000_000]]);
  });

  it('as an archive has the image as its main icon', async () => {
    const card = await read(v3());
    const found = await readCard(writeCard(card, { format: 'charx', spec: 'v3', image: png() }).bytes);
    expect(found.image).toEqual(png());
    expect(found.card.data.assets).toEqual([
      {
        type: 'icon',
        uri: 'embeded://assets/icon/images/main.png',
        name: 'main',
        ext: 'png',
        unknown_of_asset: 1,
      },
    ]);
  });

  it('as JSON says that it carries no files', async () => {
    const files = [{ path: 'a.png', bytes: Buffer.of(1) }];
    const { warnings } = writeCard(await read(v3()), { format: 'json', spec: 'v3', files });
    expect(warnings.map(({ code }) => code)).toEqual(['files-left-out']);
  });

  it.each([
    ['an archive of V2', { format: 'charx', spec: 'v2' }],
    ['a PNG of another kind of image', { format: 'png', spec: 'v3', image: Buffer.from('GIF89a') }],
  ] as const)('as %s is refused', async (_what, options) => {
    const card = await read(v3());
    expect(() => writeCard(card, options)).toThrow(
      expect.objectContaining({ code: 'not-acceptable' }) as Error,
    );
  });
});
