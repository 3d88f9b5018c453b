import fc from 'fast-check';
import { CLUSTER_WORDS } from './clusters.data.js';
import { canonicalLabel } from './canonical-input.js';
import { clustersOf } from './label-clusters.js';
import type { Signature, SignatureInput, SignatureReading } from './signature.types.js';
import { SoulSignatureReading } from './soul-signature.js';

const DAY_MS = 86_400_000;
const FROM = Date.UTC(2026, 0, 5, 8, 30);

function signatureOf(inputs: readonly SignatureInput[], batch = inputs.length): Signature {
  const reading = new SoulSignatureReading();
  for (let at = 0; at < inputs.length; at += Math.max(1, batch)) reading.add(inputs.slice(at, at + batch));
  return reading.signature();
}

const things = (count: number, of: (index: number) => Partial<SignatureInput>): SignatureInput[] =>
  Array.from({ length: count }, (_, index) => ({
    platform: 'spotify',
    kind: 'listening',
    labels: ['jazz'],
    ...of(index),
  }));

const trait = (name: string, inputs: readonly SignatureInput[]): SignatureReading =>
  signatureOf(inputs).dimensions.find((one) => one.name === name)!;
const score = (name: string, inputs: readonly SignatureInput[]): number => trait(name, inputs).score;

const label = fc.constantFrom(
  'jazz',
  'Hip-Hop',
  'typescript',
  'hiking',
  'zz top',
  'r',
  '',
  'Ünïcode',
  'chess',
);
const anyInput: fc.Arbitrary<SignatureInput> = fc.record({
  platform: fc.constantFrom('spotify', 'github', 'reddit'),
  kind: fc.constantFrom('listening', 'guilds', 'stars'),
  at: fc.option(
    fc.oneof(
      fc.integer({ min: 0, max: 500 * 24 }).map((hours) => new Date(FROM + hours * 3_600_000)),
      fc.constantFrom(new Date(NaN), new Date(0), new Date(8.64e15)),
    ),
  ),
  labels: fc.array(label, { maxLength: 5 }),
  weight: fc.oneof(fc.double(), fc.integer({ min: -1, max: 5 }), fc.constant(undefined)),
});
const anyInputs = fc.array(anyInput, { maxLength: 60 });

const readingsOf = ({ dimensions, clusters }: Signature): readonly SignatureReading[] => [
  ...dimensions,
  ...clusters,
];

describe('a soul signature', () => {
  it('does not depend on the order of the things, nor on how they were divided', () => {
    fc.assert(
      fc.property(
        anyInputs.chain((inputs) =>
          fc.tuple(fc.constant(inputs), fc.shuffledSubarray(inputs, { minLength: inputs.length })),
        ),
        fc.integer({ min: 1, max: 9 }),
        ([inputs, shuffled], batch) => {
          expect(signatureOf(shuffled, batch)).toEqual(signatureOf(inputs));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has scores and confidences from 0 to 1 and weights that add up to 1, whatever it is made of', () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        for (const { name, score: value, confidence, sources } of readingsOf(signatureOf(inputs))) {
          const inRange = [value, confidence].every((one) => Number.isFinite(one) && one >= 0 && one <= 1);
          const sum = sources.reduce((all, { weight }) => all + Math.round(weight * 1_000), 0);
          expect([name, inRange, confidence < 1, sum]).toEqual([name, true, true, 1_000]);
          expect(new Set(sources.map(({ platform }) => platform)).size).toBe(sources.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is never less sure of anything for having heard more', () => {
    fc.assert(
      fc.property(anyInputs, fc.array(anyInput, { maxLength: 5 }), (inputs, more) => {
        const timeless = (all: readonly SignatureInput[]) => all.map((one) => ({ ...one, at: undefined }));
        const before = signatureOf(timeless(inputs));
        const after = new Map(
          readingsOf(signatureOf(timeless([...inputs, ...more]))).map((one) => [one.name, one.confidence]),
        );
        for (const { name, confidence } of readingsOf(before))
          expect(after.get(name)).toBeGreaterThanOrEqual(confidence);
      }),
      { numRuns: 60 },
    );
  });

  it('is surer with more evidence, and with a second source of it', () => {
    const sure = (count: number, platforms = 1): number =>
      trait(
        'curiosity',
        things(count, (index) => ({ platform: `p${index % platforms}` })),
      ).confidence;
    expect(sure(100)).toBeGreaterThan(sure(50));
    expect(sure(10_000)).toBeLessThanOrEqual(0.7);
    expect(sure(10_000, 2)).toBeGreaterThan(0.7);
  });

  it('does not let a source with a hundred times the things drown another', () => {
    const { sources } = trait('curiosity', [
      ...things(10_000, () => ({})),
      ...things(100, () => ({ platform: 'github', labels: ['rust'] })),
    ]);
    expect(sources).toEqual([
      { platform: 'spotify', weight: 0.599 },
      { platform: 'github', weight: 0.401 },
    ]);
  });

  it('has another hash when any input is another, and when one is there twice', () => {
    const inputs = things(30, (index) => ({ at: new Date(FROM + index * DAY_MS) }));
    const { inputsHash } = signatureOf(inputs);
    const changed: Partial<SignatureInput>[] = [
      { platform: 'github' },
      { kind: 'saved' },
      { at: new Date(FROM + 1) },
      { at: null },
      { labels: ['jazz', 'rock'] },
      { weight: 2 },
    ];
    const others = changed.map((change) => signatureOf([{ ...inputs[0]!, ...change }, ...inputs.slice(1)]));
    const hashes = [...others, signatureOf([...inputs, inputs[0]!])].map((one) => one.inputsHash);
    expect(new Set([inputsHash, ...hashes]).size).toBe(changed.length + 2);
    expect(inputsHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('says how many things it still needs', () => {
    const reading = new SoulSignatureReading();
    expect(reading.missing).toBe(20);
    reading.add(things(13, () => ({})));
    expect(reading.missing).toBe(7);
    reading.add(things(13, () => ({})));
    expect(reading.missing).toBe(0);
  });

  it('takes 40,000 things with as many labels, and keeps 16,384 of them apart', () => {
    const reading = new SoulSignatureReading();
    for (let batch = 0; batch < 40; batch++) {
      reading.add(things(1_000, (index) => ({ labels: [`label ${batch * 1_000 + index}`, 'rock'] })));
    }
    const { dimensions, clusters, items } = reading.signature();
    expect(items).toBe(40_000);
    expect(dimensions.find(({ name }) => name === 'breadth')!.score).toBeCloseTo(16_384 / 16_484, 2);
    expect(clusters).toEqual([expect.objectContaining({ name: 'music', score: 1 })]);
  });
});

describe('a trait', () => {
  it.each<[string, SignatureInput[], SignatureInput[]]>([
    ['curiosity', things(200, () => ({})), things(200, (index) => ({ labels: [`label ${index % 90}`] }))],
    ['breadth', things(200, () => ({})), things(200, (index) => ({ labels: [`label ${index}`] }))],
    [
      'focus',
      things(60, (index) => ({ labels: [['jazz', 'rust', 'hiking', 'chess'][index % 4]!] })),
      things(60, () => ({})),
    ],
    ['sociability', things(60, () => ({})), things(60, () => ({ labels: ['community'] }))],
    [
      'rhythm',
      things(96, (index) => ({ at: new Date(FROM + index * 3_600_000) })),
      things(96, (index) => ({ at: new Date(FROM + index * DAY_MS) })),
    ],
    [
      'consistency',
      things(60, (index) => ({ at: new Date(FROM + (index < 55 ? 0 : (index - 55) * 30) * DAY_MS) })),
      things(60, (index) => ({ at: new Date(FROM + index * 7 * DAY_MS) })),
    ],
    [
      'novelty',
      things(60, (index) => ({ at: new Date(FROM + index * 7 * DAY_MS) })),
      things(60, (index) => ({ at: new Date(FROM + index * 7 * DAY_MS), labels: [`label ${index}`] })),
    ],
  ])('%s is near 0 of the one and near 1 of the other', (name, little, much) => {
    expect(score(name, little)).toBeLessThan(0.35);
    expect(score(name, much)).toBeGreaterThan(0.6);
  });

  it('that nothing is known of is not there', () => {
    const names = signatureOf(things(30, () => ({ labels: ['nobody knows'] }))).dimensions.map(
      ({ name }) => name,
    );
    expect(names).toEqual(['curiosity', 'breadth', 'sociability']);
  });

  it('of the hours says nothing of dates without a time', () => {
    const dates = things(30, (index) => ({ at: new Date(Date.UTC(2026, 0, 1 + index)) }));
    expect(trait('rhythm', dates)).toBeUndefined();
  });

  it('of the weeks does not suffer from one thing of long ago', () => {
    const weekly = things(50, (index) => ({ at: new Date(FROM + index * 7 * DAY_MS) }));
    const old = things(1, () => ({ at: new Date(Date.UTC(2009, 5)) }));
    expect(score('consistency', [...old, ...weekly])).toBe(score('consistency', weekly));
  });
});

describe('the clusters of a life', () => {
  it('share the attention that the lexicon knows; what it does not know counts for breadth only', () => {
    const inputs = [
      ...things(30, () => ({ labels: ['indie rock', 'nobody knows'] })),
      ...things(10, () => ({ platform: 'github', labels: ['TypeScript'] })),
      ...things(30, () => ({ platform: 'github', labels: ['nobody knows either'] })),
    ];
    const { clusters } = signatureOf(inputs);
    expect(clusters.map(({ name, score: share }) => [name, share])).toEqual([
      ['music', 0.643],
      ['technology', 0.357],
    ]);
    expect(clusters[0]!.sources).toEqual([{ platform: 'spotify', weight: 1 }]);
  });

  it.each([
    ['Hip_Hop-Music', ['music']],
    ['deep house', ['music']],
    ['rock climbing gym', ['outdoors']],
    ['music programming', ['music', 'technology']],
    ['r', ['technology']],
    ['r us', []],
    ['', []],
  ])('of %j are %j', (text, clusters) => {
    expect(clustersOf(canonicalLabel(text))).toEqual(clusters);
  });

  it('are told by words in their canonical form, each of them once', () => {
    const words = Object.values(CLUSTER_WORDS).flatMap((all) => all.split(', '));
    expect(words.filter((word) => canonicalLabel(word) !== word || word.split(' ').length > 3)).toEqual([]);
    expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
  });
});
