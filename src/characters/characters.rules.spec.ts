import { excerptOf, fromDraft, merge } from './characters.rules.js';

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
