import {
  type CharacterChange,
  assertBounded,
  changesPrompt,
  excerptOf,
  fromDraft,
  LIMITS,
  merge,
} from './characters.rules.js';

describe('a draft', () => {
  it('needs a name only; the rest is empty and private', () => {
    expect(fromDraft({ name: 'Ada', description: null })).toEqual({
      name: 'Ada',
      description: '',
      personality: '',
      scenario: '',
      firstMessage: '',
      alternateGreetings: [],
      exampleDialogue: '',
      systemPrompt: '',
      postHistoryInstructions: '',
      creatorNotes: '',
      tags: [],
      visibility: 'private',
      nickname: '',
      groupOnlyGreetings: [],
      creatorNotesMultilingual: {},
      source: [],
      author: '',
      characterVersion: '',
      extensions: {},
    });
  });

  it('gets its tags trimmed, in lower case, once each', () => {
    expect(fromDraft({ name: 'Ada', tags: [' Sci-Fi', 'sci-fi ', 'SEA', '  '] }).tags).toEqual([
      'sci-fi',
      'sea',
    ]);
  });

  it('takes nothing that is not content', () => {
    const draft = { name: 'Ada', creatorId: 'someone', version: 9 };
    expect(fromDraft(draft)).not.toHaveProperty('creatorId');
    expect(fromDraft(draft)).not.toHaveProperty('version');
  });
});

describe('a merge patch', () => {
  const current = fromDraft({ name: 'Ada', description: 'Old', visibility: 'public', tags: ['one'] });

  it('keeps what it does not name', () => {
    expect(merge(current, { description: 'New' })).toEqual({ ...current, description: 'New' });
  });

  it('resets what it sets to null', () => {
    expect(merge(current, { description: null, tags: null, visibility: null })).toEqual({
      ...current,
      description: '',
      tags: [],
      visibility: 'private',
    });
  });

  it('merges objects member by member, and replaces lists', () => {
    const before = { ...current, extensions: { a: 1, b: { c: 2, d: 3 } }, source: ['x'] };
    const after = merge(before, { extensions: { a: null, b: { c: 4 }, e: 5 }, source: ['y'] });
    expect(after.extensions).toEqual({ b: { c: 4, d: 3 }, e: 5 });
    expect(after.source).toEqual(['y']);
  });
});

describe('what patches add up to', () => {
  const text = 'x'.repeat(LIMITS.extensionsBytes);
  const current = fromDraft({ name: 'Ada', extensions: { a: 'x' } });

  it('is bounded', () => {
    expect(() => assertBounded(current, merge(current, { extensions: { b: text } }))).toThrow(
      expect.objectContaining({ code: 'payload-too-large' }),
    );
    expect(() => assertBounded(current, merge(current, { extensions: { b: 'y' } }))).not.toThrow();
  });

  it('may be as large as a card has brought it', () => {
    const large = { ...current, extensions: { a: text, b: 1 } };
    expect(() => assertBounded(large, merge(large, { name: 'Eve' }))).not.toThrow();
    expect(() => assertBounded(large, merge(large, { extensions: { b: 12 } }))).toThrow();
  });
});

describe('a prompt has a new version', () => {
  const before = fromDraft({ name: 'Ada', systemPrompt: 'Be brief.', alternateGreetings: ['Hi'] });

  it.each([
    { systemPrompt: 'Be long.' },
    { postHistoryInstructions: 'x' },
    { firstMessage: 'x' },
    { alternateGreetings: ['Hi', 'Ho'] },
    { exampleDialogue: 'x' },
  ])('after %j', (change) => {
    expect(changesPrompt(before, merge(before, change))).toBe(true);
  });

  it('and not after a change of anything else', () => {
    const change: CharacterChange = {
      name: 'Eve',
      description: 'x',
      tags: ['x'],
      visibility: 'public',
      nickname: 'x',
    };
    expect(changesPrompt(before, merge(before, change))).toBe(false);
  });
});

describe('an excerpt', () => {
  it('is the whole of a short description, on one line', () => {
    expect(excerptOf(' A keeper\n\nof  lights. ')).toBe('A keeper of lights.');
  });

  it('ends at a word, with an ellipsis, within 200 characters', () => {
    const excerpt = excerptOf('lighthouse '.repeat(60));
    expect(Array.from(excerpt).length).toBeLessThanOrEqual(200);
    expect(excerpt).toMatch(/lighthouse…$/);
  });

  it('splits no surrogate pair', () => {
    expect(excerptOf('🌊'.repeat(300))).toBe(`${'🌊'.repeat(199)}…`);
  });
});
