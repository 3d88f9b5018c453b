import { FULL_SIZE } from '../../libs/cache/src/testing/full-size.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchStalls } from '../../libs/redis/src/testing/undisturbed.js';
import { check, type Breach, type Findings } from './checker.js';
import type { EvictRecord, History } from './children/history.js';
import { seeded } from './children/random.js';
import { compileChildren } from './support/children.js';
import { DisturbedWorld } from './support/disturbed-world.js';
import { disturb, type Disturbance } from './support/programme.js';
import { Source } from './support/source.js';

const SEED = Number(process.env.CHAOS_SEED ?? 1);
const SECONDS = Number(process.env.CHAOS_SECONDS ?? (FULL_SIZE ? 60 : 12));
const PROMISES = { deadlineMs: 50, trustMs: 2_000, slackMs: 5 };
/** A load of another process may be waited for until its lease ends, when that process was cut off in its middle. */
const LEASE_MS = 1_000;
/** Reads to which that may happen, in a second; it follows the faults, whose pace is the same on a machine with few reads. */
const PATIENT_PER_SECOND = 10;
/** How long after the last fault every instance may need to show every item as it is. */
const RECOVERY_MS = 3_000;

describe('four processes, a Redis and a network that fail in every way for a minute', () => {
  let world: DisturbedWorld | undefined;
  let history: History;
  let findings: Findings;
  let outdated: string[];
  let disturbances: readonly Disturbance[];

  beforeAll(
    async () => {
      compileChildren();
      const source = new Source(seeded(SEED), [5, 15]);
      world = await DisturbedWorld.start({ instances: 4, readers: 8, seed: SEED, source });
      await world.everyInstance('start');
      disturbances = await disturb(world, SECONDS, seeded(SEED));
      await world.everyInstance('stopWriting');
      const stalls = watchStalls();
      const recoveredBy = performance.now() + RECOVERY_MS;
      do {
        outdated = await world.outdated();
        if (outdated.length > 0) await sleep(50);
      } while (outdated.length > 0 && performance.now() < recoveredBy + stalls.totalMs());
      stalls.end();
      await world.everyInstance('stopReading');
      history = await world.history();
      findings = check(history, { ...PROMISES, patienceMs: LEASE_MS + usualLoadMs(history) });
      say(summary(source, history, findings, disturbances));
    },
    (SECONDS + 120) * 1_000,
  );

  afterAll(() => world?.stop());

  it('return no value from before an evict that was applied', () => {
    expect(told(findings.stale, disturbances)).toEqual([]);
  });

  it('return no own copy that is further behind than it may be trusted', () => {
    expect(told(findings.staleCopies, disturbances)).toEqual([]);
  });

  it('return nothing from before an evict of their own, whatever became of it', () => {
    expect(told(findings.staleAfterOwn, disturbances)).toEqual([]);
  });

  it('throw no error at a caller, and return no value that is not one', () => {
    expect(told(findings.faulty, disturbances)).toEqual([]);
  });

  it('answer every call within the time of its load and 50 ms, but for a load that was lost', () => {
    expect(told(findings.late, disturbances)).toEqual([]);
    expect(findings.patient.length / SECONDS).toBeLessThan(PATIENT_PER_SECOND);
  });

  it('show every item as it is, soon after the last fault', () => {
    expect(outdated).toEqual([]);
  });

  it('were tried: hits, loads and evicts of every kind', () => {
    // Far below what a quiet machine does: an overloaded one takes itself for cut off much of the time.
    const applied = history.evicts.filter(({ outcome }) => outcome === 'applied');
    expect(history.reads.length).toBeGreaterThan(SECONDS * 300);
    expect(history.reads.filter(({ own }) => own).length).toBeGreaterThan(SECONDS * 20);
    expect(history.loads.length).toBeLessThan(history.reads.length * 0.9);
    expect(applied.length).toBeGreaterThan(SECONDS * 5);
    expect(applied.length).toBeLessThan(history.evicts.length);
  });
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function summary(
  source: Source,
  { reads, evicts, loads, stalls }: History,
  findings: Findings,
  disturbances: readonly Disturbance[],
): string {
  const share = (count: number, of: number): string => `${count} (${((100 * count) / of).toFixed(1)} %)`;
  const own = reads.filter((read) => read.own).length;
  const cutOff = reads.filter((read) => read.cutOff).length;
  const faults = new Map<string, number>();
  for (const { name } of disturbances) faults.set(name, (faults.get(name) ?? 0) + 1);
  return [
    `chaos, seed ${SEED}, ${SECONDS} s: ${reads.length} reads, ${share(own, reads.length)} from own copies, ` +
      `${share(cutOff, reads.length)} while cut off; ${loads.length} loads, ${source.commits} commits, ` +
      `${evicts.length} evicts, ${evicts.filter(isPending).length} of them pending; ${stalls.length} stalls, ` +
      `own copies at most ${Math.round(findings.copyBehindMs)} ms behind`,
    `faults: ${[...faults].map(([name, count]) => `${count} x ${name}`).join('; ')}`,
    `findings: ${Object.entries(findings)
      .filter(([, list]) => Array.isArray(list))
      .map(([name, list]) => `${name} ${(list as unknown[]).length}`)
      .join(', ')}`,
  ].join('\n');
}

/** 99 of 100 loads take no longer, in ms. */
const usualLoadMs = ({ loads }: History): number =>
  loads.map(({ start, end }) => end - start).toSorted((one, other) => one - other)[
    Math.floor(loads.length * 0.99)
  ] ?? 0;

const isPending = ({ outcome }: EvictRecord): boolean => outcome === 'pending';

/** The first few breaches, in words. */
const told = (breaches: readonly Breach[], disturbances: readonly Disturbance[]): string[] =>
  breaches.slice(0, 20).map(({ read, expected, tookMs }) => {
    const { process, cache, key, start, end, version, own, cutOff, fault } = read;
    const what = fault ?? `version ${version}${own ? ' (own copy)' : ''}${cutOff ? ' (cut off)' : ''}`;
    const instead = expected
      ? `, not ${expected.version} as promised ${(start - expected.at).toFixed(1)} ms before`
      : '';
    const took = tookMs === undefined ? '' : `, ${tookMs.toFixed(1)} ms beyond its load`;
    const last = disturbances.findLast((disturbance) => disturbance.start < end);
    const context = last
      ? `; ${(start - last.start).toFixed(0)} ms after the begin of: ${last.name} (instance ${last.victim}, ${(last.end - last.start).toFixed(0)} ms)`
      : '';
    return `instance ${process}, ${cache} ${key}, ${(end - start).toFixed(1)} ms: ${what}${instead}${took}${context}`;
  });
