/** Every field of V1, filled. */
export const fieldsV1 = {
  name: 'Maren',
  description: '{{char}} mends nets at the harbour. 海辺。',
  personality: 'Patient, with a quick tongue 🎣',
  scenario: 'Low tide, early.',
  first_mes: 'Mind the rope.',
  mes_example: '<START>\n{{user}}: Hello\n{{char}}: Morning.',
};

const bookV2 = {
  name: 'Harbour',
  scan_depth: 4,
  token_budget: 300,
  recursive_scanning: false,
  extensions: { editor: { colour: 'blue' } },
  entries: [
    {
      keys: ['net', 'rope'],
      content: 'Nets are tarred in autumn.',
      extensions: { depth: 4, nested: { kept: [1, 2, 3] } },
      enabled: true,
      insertion_order: 10,
      case_sensitive: false,
      name: 'Nets',
      priority: 5,
      id: 1,
      comment: 'from the old log',
      selective: true,
      secondary_keys: ['tar'],
      constant: false,
      position: 'before_char',
      unknown_of_entry: { a: 'b' },
    },
  ],
  unknown_of_book: 'kept',
};

/** Every field of V2, filled, with members that no specification knows. */
export const dataV2 = {
  ...fieldsV1,
  creator_notes: 'For quiet evenings.',
  system_prompt: '{{original}} Stay at the harbour.',
  post_history_instructions: 'Short answers.',
  alternate_greetings: ['You again.', 'Rain is coming.'],
  character_book: bookV2,
  tags: ['Sea', 'Slow Burn'],
  creator: 'net-maker',
  character_version: '2.1',
  extensions: { talkativeness: '0.5', deep: { unknown: [null, true, { x: 1 }] } },
  unknown_of_data: [{ kept: true }],
};

/** Every field of V3, filled. */
export const dataV3 = {
  ...dataV2,
  character_book: {
    ...bookV2,
    entries: [
      { ...bookV2.entries[0], use_regex: false },
      {
        keys: ['/storm(s|y)?/i'],
        content: '@@depth 2\nStorms come from the west.',
        extensions: {},
        enabled: true,
        insertion_order: 20,
        use_regex: true,
        id: 'storm',
        constant: false,
      },
    ],
  },
  nickname: 'Mar',
  creator_notes_multilingual: { de: 'Für ruhige Abende.' },
  source: ['https://cards.example/maren'],
  group_only_greetings: ['All hands!'],
  creation_date: 1_700_000_000,
  modification_date: 1_700_000_500,
  assets: [{ type: 'icon', uri: 'ccdefault:', name: 'main', ext: 'png', unknown_of_asset: 1 }],
};

export const v2 = (data: object = dataV2, beside: object = {}) => ({
  spec: 'chara_card_v2',
  spec_version: '2.0',
  data,
  ...beside,
});

export const v3 = (data: object = dataV3, beside: object = {}) => ({
  spec: 'chara_card_v3',
  spec_version: '3.0',
  data,
  ...beside,
});
