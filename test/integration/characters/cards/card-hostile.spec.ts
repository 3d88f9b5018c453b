import fc from 'fast-check';
import { deflateSync } from 'node:zlib';
import { FULL_SIZE } from '../../../../libs/cache/src/testing/full-size.js';
import { readCard } from '../../../../src/characters/cards/read-card.js';
import { AppError } from '../../../../src/platform/errors/app-error.js';
import { charx, deflatedZeros, rawZip, type RawEntry } from '../../../support/cards/card-archives.js';
import { dataV2, dataV3, v2, v3 } from '../../../support/cards/card-documents.js';
import { cardChunk, chunk, compressedChunk, png, textChunk } from '../../../support/cards/card-images.js';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
/** Generous: the slowest of these takes a fiftieth, on a machine with nothing else to do. */
const MAX_MS = 10_000;
const MAX_GROWTH = 256 * MiB;

/** The code of the refusal, and of its first error; in bounded time and memory. */
async function refusalOf(bytes: Buffer): Promise<string> {
  const before = { peak: process.resourceUsage().maxRSS * 1024, ms: performance.now() };
  const error: unknown = await readCard(bytes).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const growth = process.resourceUsage().maxRSS * 1024 - before.peak;
  expect(performance.now() - before.ms).toBeLessThan(MAX_MS);
  expect(growth).toBeLessThan(MAX_GROWTH);
  if (!(error instanceof AppError)) throw error instanceof Error ? error : new Error('It was read.');
  return [error.code, error.errors?.[0]?.code].filter(Boolean).join(' ');
}

const json = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const cardJson: RawEntry = { name: 'card.json', bytes: json(v3()) };
const withEntry = (entry: RawEntry): Buffer => rawZip([cardJson, entry]);
const picture = Buffer.from('a picture');

/** A zlib stream of a gibibyte of zeros; its checksum is wrong, and nobody gets that far. */
const zlibBomb = (): Buffer => Buffer.concat([Buffer.of(0x78, 0x9c), deflatedZeros(GiB), Buffer.alloc(4)]);

describe('an image that is hostile or damaged is refused', () => {
  it.each<[what: string, file: () => Buffer, refusal: string]>([
    [
      'a wrong checksum of the card',
      () => png([chunk('tEXt', 'chara\0e30=', 1)]),
      'card-invalid checksum-wrong',
    ],
    ['no card', () => png(), 'card-invalid no-card'],
    ['a card behind the end only', () => png([], cardChunk('ccv3', v3())), 'card-invalid no-card'],
    [
      'keywords in the wrong case only',
      () => png([cardChunk('CCV3', v3()), cardChunk('Chara', v2()), cardChunk('chara ', v2())]),
      'card-invalid no-card',
    ],
    ['a keyword without an end', () => png([chunk('tEXt', 'chara')]), 'card-invalid no-card'],
    ['something that is not base64', () => png([textChunk('chara', '<card/>')]), 'card-invalid not-base64'],
    [
      'base64 of base64 of base64',
      () =>
        png([
          textChunk(
            'chara',
            [1, 2, 3].reduce((text) => btoa(text), '{"name":"x"}'),
          ),
        ]),
      'card-invalid not-json',
    ],
    [
      'seven million paddings',
      () => png([textChunk('chara', `${'='.repeat(7_000_000)}A`)]),
      'card-invalid not-base64',
    ],
    ['an empty card', () => png([textChunk('ccv3', '')]), 'card-invalid not-base64'],
    [
      'invalid UTF-8',
      () => png([textChunk('ccv3', Buffer.from('{"name":"\xff\xfe"}', 'latin1').toString('base64'))]),
      'card-invalid invalid-encoding',
    ],
    [
      'an unreadable ccv3 beside a good chara',
      () => png([cardChunk('chara', v2()), textChunk('ccv3', 'e30')]),
      'card-invalid not-a-card',
    ],
    [
      'a chunk of 50 MB that is not there',
      () => Buffer.concat([png().subarray(0, 33), Buffer.from('02faf080', 'hex'), Buffer.from('tEXtccv3\0')]),
      'card-invalid png-truncated',
    ],
    [
      'a chunk of 50 MB that is there',
      () => png([chunk('tEXt', Buffer.alloc(50_000_000, 'A'))]),
      'payload-too-large',
    ],
    ['a chunk of 12 MB', () => png([textChunk('ccv3', 'A'.repeat(12_000_000))]), 'payload-too-large'],
    [
      'a card of 5 MB',
      () => png([textChunk('ccv3', Buffer.alloc(5_000_000, '{').toString('base64'))]),
      'payload-too-large',
    ],
    [
      'a compressed chunk of a gibibyte',
      () => png([chunk('zTXt', Buffer.concat([Buffer.from('ccv3\0\0'), zlibBomb()]))]),
      'payload-too-large',
    ],
    [
      'an international chunk of a gibibyte',
      () => png([chunk('iTXt', Buffer.concat([Buffer.from('ccv3\0\x01\0\0\0'), zlibBomb()]))]),
      'payload-too-large',
    ],
    [
      'a bomb inside a bomb',
      () => png([compressedChunk('ccv3', deflateSync(Buffer.alloc(4 * MiB)))]),
      'card-invalid not-base64',
    ],
    [
      'a compressed chunk that is not',
      () => png([chunk('zTXt', 'ccv3\0\0nothing')]),
      'card-invalid chunk-broken',
    ],
    [
      'an international chunk cut off',
      () => png([chunk('iTXt', 'ccv3\0\0\0en')]),
      'card-invalid chunk-broken',
    ],
    [
      '30,000 chunks',
      () => png(Array.from({ length: 30_000 }, () => chunk('vpAg'))),
      'card-invalid too-many-chunks',
    ],
    [
      '2,000 text chunks',
      () => png(Array.from({ length: 2_000 }, () => textChunk('ccv3', 'e30='))),
      'card-invalid too-many-chunks',
    ],
    ['no header', () => Buffer.concat([png().subarray(0, 8), chunk('IEND')]), 'card-invalid png-broken'],
    ['a type that is none', () => png([chunk('\0\0\0\0')]), 'card-invalid png-broken'],
    [
      'an asset that leads out',
      () => png([textChunk('chara-ext-asset_:../x', 'AAAA'), cardChunk('ccv3', v3())]),
      'card-invalid unsafe-path',
    ],
    [
      'an asset twice',
      () =>
        png([
          textChunk('chara-ext-asset_:a', 'AAAA'),
          textChunk('chara-ext-asset_:a', 'BBBB'),
          cardChunk('ccv3', v3()),
        ]),
      'card-invalid asset-repeated',
    ],
  ])('%s', async (_what, file, refusal) => {
    expect(await refusalOf(file())).toBe(refusal);
  });

  it('decoys beside a card change nothing and are told', async () => {
    const decoys = [cardChunk('CCV3', v3({ ...dataV3, name: 'Decoy' })), cardChunk('chara', v2(dataV2))];
    const behind = cardChunk('ccv3', v3({ ...dataV3, name: 'Behind' }));
    const { card, warnings } = await readCard(
      png([...decoys, cardChunk('chara', v2({ ...dataV2, name: 'Second' }))], behind),
    );
    expect(card.data.name).toBe('Maren');
    expect(warnings.map(({ code }) => code)).toEqual([
      'decoy-chunk',
      'data-after-end',
      'decoy-chunk',
      'chunk-repeated',
    ]);
  });

  it('a wrong checksum elsewhere is a warning', async () => {
    const { warnings } = await readCard(png([chunk('tIME', 'never', 7), cardChunk('ccv3', v3())]));
    expect(warnings.map(({ code }) => code)).toEqual(['chunk-damaged']);
  });
});

describe('a document that is hostile or damaged is refused', () => {
  const entries = (count: number) =>
    Array.from({ length: count }, () => ({
      keys: [],
      content: '',
      extensions: {},
      enabled: true,
      insertion_order: 1,
    }));

  it.each<[what: string, file: () => Buffer, refusal: string]>([
    ['no byte', () => Buffer.alloc(0), 'card-invalid not-json'],
    ['no JSON', () => Buffer.from('name: Maren'), 'card-invalid not-json'],
    ['another picture', () => Buffer.from('GIF89a....'), 'card-invalid not-json'],
    ['cut off', () => json(v2()).subarray(0, 300), 'card-invalid not-json'],
    ['a list', () => json([v2()]), 'card-invalid not-a-card'],
    ['no field of a card', () => json({ hello: 'world' }), 'card-invalid not-a-card'],
    ['a lorebook', () => json({ entries: {} }), 'card-invalid not-a-card'],
    ['no name', () => json(v2({ ...dataV2, name: ' ' })), 'card-invalid name-missing'],
    [
      'four million NUL characters',
      () => Buffer.from(`{${'\0'.repeat(4_000_000)}}`),
      'card-invalid not-json',
    ],
    ['invalid UTF-8', () => Buffer.from('{"name":"\xc3\x28"}', 'latin1'), 'card-invalid invalid-encoding'],
    [
      'half a character of UTF-16',
      () => Buffer.from('{\0"\0\x00\xd8}\0', 'latin1'),
      'card-invalid invalid-encoding',
    ],
    ['100,000 levels', () => Buffer.from('['.repeat(100_000)), 'card-invalid too-deep'],
    [
      '65 levels in an extension',
      () =>
        json(v2({ ...dataV2, extensions: JSON.parse('{"a":'.repeat(62) + '{}' + '}'.repeat(62)) as object })),
      'card-invalid too-deep',
    ],
    [
      'a million values',
      () => json({ name: 'x', list: Array.from({ length: 1_000_000 }, () => 0) }),
      'card-invalid too-many-values',
    ],
    ['5 MiB', () => json({ name: 'x', description: 'x'.repeat(5 * MiB) }), 'payload-too-large'],
    ['21 MiB', () => Buffer.alloc(21 * MiB, ' '), 'payload-too-large'],
    [
      'a name of 100,000 characters',
      () => json(v2({ ...dataV2, name: 'x'.repeat(100_000) })),
      'card-invalid too-long',
    ],
    [
      'an object in the place of a text',
      () => json(v2({ ...dataV2, description: { text: 'x' } })),
      'card-invalid wrong-type',
    ],
    [
      'an object in the place of a tag',
      () => json(v2({ ...dataV2, tags: ['a', { b: 1 }] })),
      'card-invalid wrong-type',
    ],
    [
      'a text in the place of the lorebook',
      () => json(v2({ ...dataV2, character_book: 'none' })),
      'card-invalid wrong-type',
    ],
    [
      'texts in the place of entries',
      () => json(v2({ ...dataV2, character_book: { entries: ['a'] } })),
      'card-invalid wrong-type',
    ],
    [
      'a text in the place of the assets',
      () => json(v3({ ...dataV3, assets: 'none' })),
      'card-invalid wrong-type',
    ],
    [
      '10,000 entries',
      () => json(v2({ ...dataV2, character_book: { entries: entries(10_000) } })),
      'card-invalid too-many',
    ],
    [
      '10,000 greetings',
      () => json(v2({ ...dataV2, alternate_greetings: Array(10_000).fill('x') })),
      'card-invalid too-many',
    ],
  ])('%s', async (_what, file, refusal) => {
    expect(await refusalOf(file())).toBe(refusal);
  });

  it('names every fault, in its place, but not without end', async () => {
    const bad = { ...dataV2, personality: {}, tags: Array.from({ length: 200 }, () => ({})) };
    const error = (await readCard(json(v2(bad))).catch((reason: unknown) => reason)) as AppError;
    expect(error.status).toBe(400);
    expect(error.errors?.slice(0, 2)).toEqual([
      { pointer: '#/data/personality', code: 'wrong-type', detail: 'It must be text.' },
      { pointer: '#/data/tags/0', code: 'wrong-type', detail: 'It must be text.' },
    ]);
    expect(error.errors).toHaveLength(50);
  });

  it('a member called __proto__ reaches no prototype', async () => {
    const text = '{"name":"x","__proto__":{"polluted":1},"extensions":{"__proto__":{"polluted":1}}}';
    const { card } = await readCard(Buffer.from(text));
    expect(Object.keys(card.data.extensions)).toEqual([]);
    expect(card.data.extensions).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('an archive that is hostile or damaged is refused', () => {
  it.each<[what: string, file: () => Buffer, refusal: string]>([
    ['no card', () => rawZip([{ name: 'a.png', bytes: picture }]), 'card-invalid no-card'],
    ['no file', () => rawZip([]), 'card-invalid not-json'],
    ['cut off', () => charx(v3()).subarray(0, 500), 'card-invalid archive-broken'],
    ...['../x', 'a/../../x', '/etc/x', 'a\\..\\x', 'C:/x', 'a//x', './x', 'a\nx', '\xff'].map(
      (name): [string, () => Buffer, string] => [
        `a file called ${JSON.stringify(name)}`,
        () => withEntry({ name: Buffer.from(name, 'latin1'), bytes: picture }),
        name.includes('\\') || /^(?:\/|\.\.|C:)/.test(name) || name.includes('..')
          ? (expect.stringMatching(/unsafe-path|archive-broken/) as string)
          : 'card-invalid unsafe-path',
      ],
    ),
    ['a name of 60,000 bytes', () => withEntry({ name: 'x'.repeat(60_000) }), 'card-invalid unsafe-path'],
    [
      'a symbolic link',
      () => withEntry({ name: 'link', bytes: Buffer.from('/etc/passwd'), mode: 0o120777 }),
      'card-invalid unsafe-path',
    ],
    ['two cards', () => withEntry(cardJson), 'card-invalid entry-repeated'],
    [
      'two files of one name',
      () => rawZip([cardJson, { name: 'a' }, { name: 'a' }]),
      'card-invalid entry-repeated',
    ],
    [
      'an encrypted file',
      () => withEntry({ name: 'a', bytes: Buffer.alloc(21), size: 9, flags: 1 }),
      'card-invalid entry-encrypted',
    ],
    ['a wrong checksum of the card', () => rawZip([{ ...cardJson, sum: 7 }]), 'card-invalid checksum-wrong'],
    [
      'a card that is said to be shorter',
      () => rawZip([{ ...cardJson, size: 10 }]),
      'card-invalid archive-broken',
    ],
    [
      'invalid UTF-8',
      () => rawZip([{ name: 'card.json', bytes: Buffer.from('{"name":"\xff"}', 'latin1') }]),
      'card-invalid invalid-encoding',
    ],
    [
      '10,000 files',
      () => rawZip([cardJson, ...Array.from({ length: 10_000 }, (_, index) => ({ name: `${index}` }))]),
      'card-invalid too-many-entries',
    ],
    [
      'a gibibyte of zeros',
      () => withEntry({ name: 'a', deflated: deflatedZeros(GiB), size: GiB }),
      'payload-too-large',
    ],
    [
      'a gibibyte said to be a byte',
      () => withEntry({ name: 'a', deflated: deflatedZeros(GiB), size: 1 }),
      'card-invalid archive-broken',
    ],
    [
      'a card of a gibibyte',
      () => rawZip([{ name: 'card.json', deflated: deflatedZeros(GiB), size: GiB }]),
      'payload-too-large',
    ],
    [
      'a hundred files of 16 MiB',
      () => {
        const deflated = deflatedZeros(16 * MiB);
        const bombs = Array.from({ length: 100 }, (_, index) => ({
          name: `${index}`,
          deflated,
          size: 16 * MiB,
        }));
        return rawZip([cardJson, ...bombs]);
      },
      'payload-too-large',
    ],
  ])('%s', async (_what, file, refusal) => {
    expect(await refusalOf(file())).toEqual(refusal);
  });

  it('an archive inside an archive is a file like another, and stays packed', async () => {
    const inner = rawZip([{ name: 'a', deflated: deflatedZeros(GiB), size: GiB }]);
    const { files } = await readCard(withEntry({ name: 'inner.zip', bytes: inner }));
    expect(files.map(({ path, bytes }) => [path, bytes.equals(inner)])).toEqual([['inner.zip', true]]);
  });
});

describe('any file', () => {
  const samples = [
    png([cardChunk('chara', v2()), cardChunk('ccv3', v3())]),
    json(v3()),
    charx(v3(), { a: picture }),
  ];

  /** What a file may do to its reader: be read, or be refused. */
  const settle = (bytes: Buffer): Promise<void> =>
    readCard(bytes).then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof AppError) || error.status >= 500) throw error;
      },
    );

  it('cut off anywhere is refused', async () => {
    for (const sample of samples)
      for (let end = 0; end < sample.length; end += FULL_SIZE ? 1 : 23)
        await expect(readCard(sample.subarray(0, end))).rejects.toBeInstanceOf(AppError);
  });

  it('changed anywhere is read or refused, and breaks nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (sample, changes) => {
          const file = Buffer.from(sample);
          for (const [at, byte] of changes) file[at % file.length] = byte;
          await settle(file);
        },
      ),
      { numRuns: FULL_SIZE ? 20_000 : 300 },
    );
  });

  it('of any JSON is read or refused, and breaks nothing', async () => {
    const anything = fc.jsonValue({ maxDepth: 3 });
    const data = fc.record(
      Object.fromEntries(
        [...Object.keys(dataV3), 'spec', 'key', 'char_name'].map((field) => [field, anything]),
      ),
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(data, anything, fc.boolean(), async (fields, entries, atTop) => {
        const book = { character_book: { entries: [{ keys: entries, position: entries, id: entries }] } };
        await settle(json(atTop ? { ...fields, ...book } : { data: { ...book, ...fields } }));
      }),
      { numRuns: FULL_SIZE ? 20_000 : 300 },
    );
  });
});
