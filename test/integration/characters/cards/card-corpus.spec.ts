import { readCard } from '../../../../src/characters/cards/read-card.js';
import { charx } from '../../../support/cards/card-archives.js';
import { dataV2, dataV3, fieldsV1, v2, v3 } from '../../../support/cards/card-documents.js';
import {
  apng,
  cardChunk,
  compressedChunk,
  internationalChunk,
  png,
  textChunk,
} from '../../../support/cards/card-images.js';

const json = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const read = async (bytes: Buffer, fileName?: string) => {
  const { card, source, repairs, warnings } = await readCard(bytes, { fileName });
  return {
    card,
    source,
    repairs: repairs.map(({ pointer, code }) => `${pointer} ${code}`),
    warnings: warnings.map(({ code }) => code),
  };
};

const without = (object: object, ...names: string[]): object =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

describe('a card as its specification has it', () => {
  it.each([
    ['PNG', png([cardChunk('ccv3', v3())]), { format: 'png', spec: 'v3', chunk: 'ccv3' }],
    ['PNG', png([cardChunk('chara', v2())]), { format: 'png', spec: 'v2', chunk: 'chara' }],
    ['PNG', png([cardChunk('chara', fieldsV1)]), { format: 'png', spec: 'v1', chunk: 'chara' }],
    ['animated PNG', apng([cardChunk('ccv3', v3())]), { format: 'apng', spec: 'v3', chunk: 'ccv3' }],
    ['JSON', json(v3()), { format: 'json', spec: 'v3' }],
    ['JSON', json(v2()), { format: 'json', spec: 'v2' }],
    ['JSON', json(fieldsV1), { format: 'json', spec: 'v1' }],
    ['CHARX', charx(v3()), { format: 'charx', spec: 'v3' }],
  ])('is read from %s without a repair or a warning', async (_format, bytes, source) => {
    const found = await read(bytes);
    expect(found).toMatchObject({ source, repairs: [], warnings: [] });
    const { spec } = source;
    if (spec === 'v3') expect(found.card.data).toEqual(dataV3);
    if (spec === 'v2') {
      expect(found.card.data).toMatchObject(without(dataV2, 'character_book'));
      expect(found.card.data.character_book).toMatchObject(dataV2.character_book);
    }
    if (spec === 'v1') expect(found.card.data).toMatchObject({ ...fieldsV1, tags: [], extensions: {} });
  });

  it('is the one in ccv3 where there are two', async () => {
    const old = v2({ ...dataV2, name: 'An older Maren' });
    const found = await read(png([cardChunk('chara', old), cardChunk('ccv3', v3())]));
    expect(found).toMatchObject({ card: { data: { name: 'Maren' } }, source: { spec: 'v3', chunk: 'ccv3' } });
    expect(found.warnings).toEqual(['chunks-disagree']);
  });

  it('comes with the image, free of the card, and otherwise as it was', async () => {
    const { image } = await readCard(png([cardChunk('chara', v2()), cardChunk('ccv3', v3())]));
    expect(image).toEqual(png());
  });

  it('comes with the files that its assets point at, and the main icon as the image', async () => {
    const icon = Buffer.from('a picture');
    const assets = [
      { type: 'emotion', uri: 'embeded://assets/emotion/joy.png', name: 'joy', ext: 'png' },
      { type: 'icon', uri: 'embeded://assets/icon/face.png', name: 'main', ext: 'png' },
      { type: 'icon', uri: 'embeded://assets/gone.png', name: 'gone', ext: 'png' },
      { type: 'background', uri: 'https://pictures.example/harbour.png', name: 'sea', ext: 'png' },
    ];
    const file = charx(v3({ ...dataV3, assets }), {
      'assets/emotion/joy.png': Buffer.from('joy'),
      'assets/icon/face.png': icon,
    });
    const found = await readCard(file);
    expect(found.image).toEqual(icon);
    expect(found.files).toEqual([
      { path: 'assets/emotion/joy.png', bytes: Buffer.from('joy') },
      { path: 'assets/icon/face.png', bytes: icon },
    ]);
    expect(found.card.data.assets).toEqual(assets);
    expect(found.warnings).toEqual([
      { code: 'asset-missing', detail: expect.stringContaining('gone') as string },
    ]);
  });

  it('comes with the files that an image holds, under the addresses that archives have', async () => {
    const assets = [{ type: 'emotion', uri: '__asset:0', name: 'joy', ext: 'png' }];
    const found = await readCard(
      png([textChunk('chara-ext-asset_:0', base64('joy')), cardChunk('ccv3', v3({ ...dataV3, assets }))]),
    );
    expect(found.files).toEqual([{ path: '0', bytes: Buffer.from('joy') }]);
    expect(found.card.data.assets).toEqual([{ ...assets[0], uri: 'embeded://0' }]);
    expect(found.image).toEqual(png());
  });
});

describe('a hybrid found in the wild', () => {
  const mirrored = { ...fieldsV1, avatar: 'none', fav: false, creatorcomment: dataV2.creator_notes };

  it.each<[hybrid: string, bytes: Buffer, repairs: string[], data: object]>([
    ['copies of V1 fields beside data', json(v2(dataV2, mirrored)), [], { name: 'Maren' }],
    [
      'other V1 fields beside data',
      json(v2({ ...dataV2, scenario: '' }, { ...mirrored, name: 'Another' })),
      ['#/name beside-data-ignored', '#/scenario beside-data-used'],
      { name: 'Maren', scenario: fieldsV1.scenario },
    ],
    [
      'V2 fields at the top and no data',
      json({ spec: 'chara_card_v2', spec_version: '2.0', ...dataV2 }),
      ['# data-missing'],
      { name: 'Maren', creator: 'net-maker' },
    ],
    ['V2 without a spec', json({ data: dataV2 }), ['# spec-missing'], { creator: 'net-maker' }],
    [
      'a spec that does not exist',
      json({ ...v3(), spec: 'chara_card_v9' }),
      ['#/spec spec-unknown'],
      { nickname: 'Mar' },
    ],
    ['a version as a number', json({ ...v2(), spec_version: 2 }), ['#/spec_version spec-version'], {}],
    [
      'a version that is absent',
      json({ ...v3(), spec_version: undefined }),
      ['#/spec_version spec-version'],
      {},
    ],
    [
      'nothing but a name in V2',
      json(v2({ name: 'Maren' })),
      [
        'description',
        'personality',
        'scenario',
        'first_mes',
        'mes_example',
        'creator_notes',
        'system_prompt',
        'post_history_instructions',
        'alternate_greetings',
        'tags',
        'creator',
        'character_version',
        'extensions',
      ].map((field) => `#/data/${field} missing-field`),
      { tags: [], creator: '', extensions: {} },
    ],
    [
      'nulls',
      json(
        v2({ ...dataV2, character_book: null, alternate_greetings: null, creator: null, tags: ['a', null] }),
      ),
      [
        '#/data/alternate_greetings null-replaced',
        '#/data/character_book null-replaced',
        '#/data/tags/1 null-replaced',
        '#/data/creator null-replaced',
      ],
      { alternate_greetings: [], creator: '', tags: ['a'] },
    ],
    [
      'tags as one text',
      json(v2({ ...dataV2, tags: 'sea, slow burn,, sea' })),
      ['#/data/tags converted-list'],
      { tags: ['sea', 'slow burn', 'sea'] },
    ],
    [
      'one greeting as a text, with commas',
      json(v2({ ...dataV2, alternate_greetings: 'Well, you came.' })),
      ['#/data/alternate_greetings converted-list'],
      { alternate_greetings: ['Well, you came.'] },
    ],
    [
      'a version of the character as a number, and a text as lines',
      json(v2({ ...dataV2, character_version: 1.5, mes_example: ['a', 'b'] })),
      ['#/data/mes_example converted-to-text', '#/data/character_version converted-to-text'],
      { character_version: '1.5', mes_example: 'a\nb' },
    ],
    [
      'an empty list for the extensions',
      json(v2({ ...dataV2, extensions: [] })),
      ['#/data/extensions converted-list'],
      { extensions: {} },
    ],
    [
      'dates as texts and milliseconds',
      json(v3({ ...dataV3, creation_date: '2023-11-14T22:13:20Z', modification_date: 1_700_000_500_123 })),
      ['#/data/creation_date converted-date', '#/data/modification_date converted-date'],
      { creation_date: 1_700_000_000, modification_date: 1_700_000_500 },
    ],
    [
      'a date that is none',
      json(v3({ ...dataV3, creation_date: 'in spring' })),
      ['#/data/creation_date unreadable-removed'],
      { modification_date: 1_700_000_500 },
    ],
    [
      'a name over lines',
      json(v2({ ...dataV2, name: ' Maren\nof the nets ' })),
      ['#/data/name name-cleaned'],
      { name: 'Maren of the nets' },
    ],
    [
      'names of an older program',
      json({ char_name: 'Maren', char_persona: 'Mends.', char_greeting: 'Hm.', world_scenario: 'Low tide.' }),
      [
        '#/char_name renamed-field',
        '#/char_persona renamed-field',
        '#/char_greeting renamed-field',
        '#/world_scenario renamed-field',
        '#/personality missing-field',
        '#/mes_example missing-field',
      ],
      { name: 'Maren', description: 'Mends.', first_mes: 'Hm.', scenario: 'Low tide.' },
    ],
    [
      'NUL characters, half a surrogate pair, and __proto__',
      Buffer.from(
        JSON.stringify(v2()).replace(
          '"creator":"net-maker"',
          '"creator":"net\\u0000-ma\\ud800ker","__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}',
        ),
      ),
      ['#/data/creator text-cleaned', '#/data unsafe-member-removed'],
      { creator: 'net-ma\uFFFDker' },
    ],
  ])('%s: is read, and the repairs are told', async (_hybrid, bytes, repairs, data) => {
    const found = await read(bytes);
    expect(found.repairs).toEqual(repairs);
    expect(found.card.data).toMatchObject(data);
    expect(found.warnings).toEqual([]);
  });

  it('keeps what stands beside data and is no copy', async () => {
    const { card } = await read(json(v2(dataV2, mirrored)));
    expect(card.envelope).toEqual({ avatar: 'none', fav: false });
    const { card: old } = await read(json({ ...fieldsV1, avatar: 'none', talkativeness: '0.5' }));
    expect(old.envelope).toEqual({ avatar: 'none', talkativeness: '0.5' });
  });

  it('of a later version is read as the latest known, with a warning', async () => {
    expect(await read(json({ ...v3(), spec_version: '3.7' }))).toMatchObject({ warnings: ['newer-version'] });
  });

  it('without a name gets that of its file', async () => {
    const found = await read(json({ ...fieldsV1, name: '' }), 'cards/Old Maren.json');
    expect(found).toMatchObject({
      card: { data: { name: 'Old Maren' } },
      repairs: ['#/name name-from-file'],
    });
  });

  // The notes are in the sixty-second and sixty-third letter of base64, wherever they stand.
  const text = JSON.stringify(v2({ ...dataV2, creator_notes: 'ÿ?>'.repeat(9) }));
  it.each<[encoding: string, bytes: Buffer, repairs: string[]]>([
    ['a byte order mark', Buffer.from(`\uFEFF${text}`), ['# byte-order-mark']],
    ['UTF-16 with a mark', Buffer.from(`\uFEFF${text}`, 'utf16le'), ['# utf-16']],
    ['UTF-16 without one', Buffer.from(text, 'utf16le'), ['# utf-16']],
    ['UTF-16, the other way round', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16(), ['# utf-16']],
    ['NUL bytes behind it', Buffer.from(`${text}\n\0\0\0`), ['# trailing-bytes']],
    ['base64 of base64', png([textChunk('chara', base64(base64(text)))]), ['# double-base64']],
    [
      'base64 for addresses, without padding',
      png([textChunk('chara', Buffer.from(text).toString('base64url'))]),
      ['# url-safe-base64'],
    ],
    ['base64 in lines', png([textChunk('chara', base64(text).replace(/.{76}/g, '$&\r\n'))]), []],
    [
      'the document in the chunk as it is',
      png([textChunk('chara', JSON.stringify(v2(dataV2)).replace(/[^ -~]/g, '?'))]),
      ['# not-base64'],
    ],
    [
      'an archive behind a picture',
      Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('JFIF'), charx(v2())]),
      ['# archive-prefix'],
    ],
  ])('%s: is read', async (_encoding, bytes, repairs) => {
    const found = await read(bytes);
    expect(found.repairs).toEqual(repairs);
    expect(found.card.data).toMatchObject({ name: 'Maren', tags: ['Sea', 'Slow Burn'] });
  });

  it.each([
    ['compressed', compressedChunk('chara', base64(JSON.stringify(v2())))],
    ['international', internationalChunk('chara', v2(), false)],
    ['international and compressed', internationalChunk('chara', v2(), true)],
  ])('%s text chunks are read, with a warning', async (_kind, chunk) => {
    const found = await read(png([chunk]));
    expect(found).toMatchObject({ repairs: [], warnings: ['chunk-kind'], card: { data: { name: 'Maren' } } });
  });
});

describe('a lorebook found in the wild', () => {
  const readBook = async (book: unknown) => {
    const { card, repairs } = await read(json(v2({ ...dataV2, character_book: book })));
    const short = (repair: string) => repair.replace('#/data/character_book', '');
    return { book: card.data.character_book, repairs: repairs.map(short) };
  };

  it('with the entries of a world info file', async () => {
    const { book, repairs } = await readBook({
      name: 'World',
      extensions: {},
      entries: {
        '0': {
          uid: 0,
          key: ['net'],
          keysecondary: ['tar'],
          order: 50,
          constant: true,
          disable: false,
          content: 'Nets.',
          position: 0,
        },
        '1': {
          uid: 1,
          key: 'rope, line',
          order: '60',
          disable: true,
          content: 'Ropes.',
          position: 4,
          depth: 3,
          probability: 80,
        },
      },
    });
    expect(book?.entries).toEqual([
      {
        keys: ['net'],
        secondary_keys: ['tar'],
        insertion_order: 50,
        constant: true,
        enabled: true,
        id: 0,
        content: 'Nets.',
        position: 'before_char',
        extensions: { position: 0 },
        use_regex: false,
      },
      {
        keys: ['rope', 'line'],
        insertion_order: 60,
        enabled: false,
        id: 1,
        content: 'Ropes.',
        extensions: { position: 4 },
        use_regex: false,
        depth: 3,
        probability: 80,
      },
    ]);
    expect(repairs).toEqual([
      '/entries converted-list',
      '/entries/0 world-info-entry',
      '/entries/0/position converted-to-text',
      '/entries/1 world-info-entry',
      '/entries/1/position unreadable-removed',
      '/entries/1/keys converted-list',
      '/entries/1/insertion_order converted-to-number',
    ]);
  });

  it('with nulls, flags as texts and nothing that is required', async () => {
    const { book, repairs } = await readBook({
      scan_depth: null,
      entries: [{ keys: null, selective: 'true', constant: 0, position: '', case_sensitive: null }],
    });
    expect(book).toEqual({
      extensions: {},
      entries: [
        {
          keys: [],
          content: '',
          extensions: { position: '' },
          enabled: true,
          insertion_order: 100,
          use_regex: false,
          selective: true,
          constant: false,
        },
      ],
    });
    expect(repairs).toHaveLength(11);
  });
});
