import { isId } from '../platform/ids/ids.js';
import { fromDraft, LIMITS } from './characters.rules.js';
import { DEMO_CHARACTERS } from './demo-characters.data.js';

const complete = DEMO_CHARACTERS.map(({ id, ...draft }) => ({ id, ...fromDraft(draft) }));

describe('the demo characters', () => {
  it('are three, with ids and names of their own', () => {
    expect(complete).toHaveLength(3);
    expect(new Set(complete.map(({ name }) => name)).size).toBe(3);
    expect(new Set(complete.map(({ id }) => id)).size).toBe(3);
    expect(complete.every(({ id }) => isId(id))).toBe(true);
  });

  it.each(complete)('$name is public and has everything that a conversation starts from', (character) => {
    expect(character.visibility).toBe('public');
    for (const field of ['description', 'personality', 'scenario', 'firstMessage', 'systemPrompt'] as const) {
      expect(character[field].length).toBeGreaterThan(100);
    }
    expect(character.alternateGreetings.length).toBeGreaterThan(0);
    expect(character.tags.length).toBeGreaterThan(0);
  });

  it.each(complete)(
    'every block of the example dialogue of $name is a question and an answer',
    ({ exampleDialogue }) => {
      const blocks = exampleDialogue.split('<START>\n').filter((block) => block !== '');
      expect(blocks.length).toBeGreaterThan(4);
      for (const block of blocks) expect(block).toMatch(/^\{\{user\}\}: .+\n\{\{char\}\}: .+/);
    },
  );

  it.each(complete)('$name keeps to the limits that clients have', (character) => {
    expect(character.description.length).toBeLessThanOrEqual(LIMITS.description);
    expect(character.exampleDialogue.length).toBeLessThanOrEqual(LIMITS.exampleDialogue);
    expect(character.tags.every((tag) => tag.length <= LIMITS.tag && tag === tag.toLowerCase())).toBe(true);
  });
});
