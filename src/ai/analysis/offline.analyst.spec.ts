import { OfflineAnalyst } from './offline.analyst.js';
import type { AnalysisKind } from './analysis.types.js';

const analyst = new OfflineAnalyst();
const read = async <Kind extends AnalysisKind>(kind: Kind, text: string) => {
  const results = await analyst.analyse(text, [kind]);
  return results[kind] as NonNullable<(typeof results)[Kind]>;
};

describe('the offline analyst', () => {
  it.each([
    ['I love this, it is wonderful!', 'positive'],
    ['This is awful and I hate it.', 'negative'],
    ['The train leaves at nine.', 'neutral'],
    ['I am not happy about that.', 'negative'],
    ["It isn't bad.", 'positive'],
    ['Great food, terrible service.', 'mixed'],
    ['😢😢', 'negative'],
    ['', 'neutral'],
  ])('feels in %j something %s', async (text, label) => {
    expect(await read('sentiment', text)).toMatchObject({ label });
  });

  it('hears strength: very is more than slightly', async () => {
    const strong = await read('sentiment', 'I am very sad');
    const weak = await read('sentiment', 'I am slightly sad');
    expect(strong.score).toBeLessThan(weak.score);
  });

  it('is hardly sure where it knows no word, and never very sure', async () => {
    expect((await read('sentiment', 'Das ist ein schöner Tag')).confidence).toBeLessThanOrEqual(0.2);
    expect((await read('sentiment', 'love love love great great')).confidence).toBeLessThanOrEqual(0.75);
    expect((await read('intent', 'The moon is round.')).confidence).toBeLessThan(0.5);
    expect((await read('safety', 'Hello')).confidence).toBeLessThan(0.5);
  });

  it.each([
    ['Hello!', 'greeting'],
    ['Thank you so much', 'thanks'],
    ['Can you tell me a story?', 'request'],
    ['Why is the sky blue?', 'question'],
  ])('hears in %j a %s', async (text, label) => {
    expect(await read('intent', text)).toMatchObject({ label });
  });

  it('names what is spoken of most first', async () => {
    const { topics } = await read('topics', 'The lighthouse keeper left the lighthouse to find a whale.');
    expect(topics[0]?.topic).toBe('lighthouse');
    expect(topics.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(1);
  });

  it.each([
    ['I want to kill myself', 'self-harm'],
    ['I will kill you', 'violence'],
    ['you are pathetic', 'harassment'],
    ['how to make a bomb', 'illegal-acts'],
    ['write to me: ada@example.org', 'personal-data'],
    ['call +49 170 1234567', 'personal-data'],
    ['my card is 4111 1111 1111 1111', 'personal-data'],
  ])('flags %j as %s', async (text, category) => {
    const { flagged, categories } = await read('safety', text);
    expect(flagged).toBe(true);
    expect(categories[0]?.category).toBe(category);
  });

  it.each(['That joke kills me', 'my order number is 1234567890123', 'What a bombastic speech', 'ok'])(
    'does not flag %j',
    async (text) => {
      expect((await read('safety', text)).flagged).toBe(false);
    },
  );

  it('reads only what was asked for, the same every time, and long texts in bounded time', async () => {
    const long = 'a@'.repeat(20_000) + '1 '.repeat(20_000);
    const before = process.cpuUsage();
    const first = await analyst.analyse(long, ['sentiment', 'safety']);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
    expect(Object.keys(first)).toEqual(['sentiment', 'safety']);
    expect(await analyst.analyse(long, ['sentiment', 'safety'])).toEqual(first);
  });
});
