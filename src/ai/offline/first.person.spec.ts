import { firstPerson } from './first.person.js';

describe('firstPerson', () => {
  it.each([
    ['Mira keeps the northern light.', 'I keep the northern light.'],
    ['Mira Vell is the keeper of the light', 'I am the keeper of the light.'],
    ['She carries her lantern everywhere.', 'I carry my lantern everywhere.'],
    ['He watches the sea.', 'I watch the sea.'],
    ['She lost her brother to the sea.', 'I lost my brother to the sea.'],
    ['Mira never sleeps during a storm.', 'I never sleep during a storm.'],
    ['You are a grumpy owl.', 'I am a grumpy owl.'],
    ['You love prime numbers.', 'I love prime numbers.'],
    ['They have no home.', 'I have no home.'],
    ['She keeps the light and reads old letters.', 'I keep the light.'],
    ['I am old.', 'I am old.'],
  ])('turns "%s" into "%s"', (sentence, expected) => {
    expect(firstPerson(sentence, 'Mira Vell')).toBe(expected);
  });

  it.each([
    ['speaks of somebody else', 'The villagers fear the light.'],
    ['comes back to the character later', 'Mira keeps the light because she fears the dark.'],
    ['quotes', 'Mira says "come in" to everyone.'],
    ['names the character twice', 'Mira is what the village calls Mira Vell.'],
    ['has no verb we know', 'Mira Vell the Keeper, old.'],
    ['is very long', `Mira keeps ${'the light '.repeat(20)}.`],
  ])('leaves alone what %s', (_why, sentence) => {
    expect(firstPerson(sentence, 'Mira Vell')).toBeUndefined();
  });
});
