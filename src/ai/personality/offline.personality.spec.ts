import { readPersonality } from './offline.personality.js';

const declared = (...names: string[]) => ({ traits: names.map((name) => ({ name, weight: 1 })), tone: '' });

describe('the offline reading of a personality', () => {
  const warm = 'Welcome, dear friend. *smiles warmly* I am so glad you are safe; come, let me hug you.';

  it('shows the clearest trait first, and the tone that goes with it', () => {
    const { traits, tone } = readPersonality(warm, declared());
    expect(traits[0]).toMatchObject({ name: 'warm', weight: 1 });
    expect(tone.label).toBe('warm');
  });

  it('compares with what is declared, synonyms included', () => {
    expect(readPersonality(warm, declared('kind')).consistency).toBe(1);
    expect(readPersonality(warm, declared('Grumpy')).consistency).toBe(0);
    expect(readPersonality(warm, { ...declared('kind'), tone: 'gloomy' }).consistency).toBeCloseTo(0.67);
  });

  it('has no opinion where nothing declared can be told from words', () => {
    expect(readPersonality(warm, declared('left-handed')).consistency).toBeNull();
    expect(readPersonality(warm, declared()).consistency).toBeNull();
  });

  it('counts the style', () => {
    expect(readPersonality('Why? *waves* No! Yes!', declared()).style).toMatchObject({
      words: 4,
      questions: 1,
      exclamations: 2,
      gestures: 1,
    });
  });

  it('is the surer the more there is to read, and never very sure', () => {
    const short = readPersonality('Hm.', declared()).confidence;
    const long = readPersonality(`${warm} `.repeat(20), declared()).confidence;
    expect(short).toBeLessThan(0.05);
    expect(long).toBe(0.6);
  });

  it('reads a long text in bounded time', () => {
    const before = process.cpuUsage();
    readPersonality('*'.repeat(100_000) + 'oh, '.repeat(100_000), declared('warm'));
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
  });
});
