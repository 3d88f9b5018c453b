import type { Breach } from './checker.js';
import { Choices } from './choices.js';
import { PrecedenceOrder, RandomOrder, ScriptedOrder, type Taken } from './order.js';
import { runSchedule, type Scenario, type ScheduleResult, type Trace } from './schedule.js';
import { leaveOut, lower } from './shrink.js';

/** Options of {@link explore}. */
export interface ExploreOptions extends Scenario {
  /** How many different schedules are played. */
  readonly schedules: number;
  /** Of the first schedule; each following one has the next number. @default drawn at random */
  readonly seed?: number;
  /** At most so many schedules are played to make a failing one shorter. @default 4000 */
  readonly shrinkingRuns?: number;
}

/** What makes a schedule: who does what, and in which order. */
export interface Script {
  /** The decisions before the first step: processes, keys, tasks, faults. */
  readonly plan: readonly number[];
  /** Behind the last one, everything happens in the order in which it was posted. */
  readonly order: readonly Taken[];
}

/** A broken promise, and the shortest schedule that was found for it. */
export class ExplorerFailure extends Error {
  override readonly name = 'ExplorerFailure';

  constructor(
    readonly breach: Breach,
    /** Gives the schedule as it was found: `explore({ …, seed, schedules: 1 })`. */
    readonly seed: number,
    /** Gives the shrunk schedule: `replay(scenario, script)`. */
    readonly script: Script,
    /** The shrunk schedule in words, with the time of each step. */
    readonly steps: readonly string[],
  ) {
    const lines = steps.map((step, at) => `${String(at + 1).padStart(3)}  ${step}`);
    super([breach.message, `seed ${seed}, plan [${script.plan.join(',')}]`, ...lines].join('\n'));
  }
}

/** What {@link explore} did. */
export interface Exploration {
  /** Of the first schedule. */
  readonly seed: number;
  readonly schedules: number;
  readonly steps: number;
  /** The first broken promise. */
  readonly failure?: ExplorerFailure;
}

/** So many schedules are played between two turns of the event loop. */
const PER_TURN = 50;
const SHRINKING_RUNS = 4_000;

/**
 * Plays schedules with different seeds until one breaks a promise of the cache; that one is made as short as possible.
 *
 * @example
 * const { failure } = await explore({ subject, schedules: 10_000 });
 * if (failure) throw failure;
 */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  const { schedules, seed: given, shrinkingRuns = SHRINKING_RUNS, ...scenario } = options;
  const seed = given ?? Math.floor(Math.random() * 2 ** 31);
  const { stackTraceLimit } = Error;
  // Schedules with outages make many errors, and nobody reads where they come from.
  Error.stackTraceLimit = 0;
  try {
    let steps = 0;
    for (let done = 0; done < schedules; done++) {
      if (done % PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      const result = await playSeed(scenario, seed + done);
      steps += result.steps;
      if (!result.breach) continue;
      const failure = await explain(scenario, seed + done, shrinkingRuns);
      return { seed, schedules: done + 1, steps, failure };
    }
    return { seed, schedules, steps };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Plays one schedule again; resolves with its breach, if it still has one, and its steps in words. */
export async function replay(
  scenario: Scenario,
  script: Script,
): Promise<{ breach?: Breach; steps: readonly string[] }> {
  const steps: string[] = [];
  const { breach } = await play(scenario, script, (step, ms) => {
    if (isWorthTelling(step)) steps.push(inWords(step, ms));
  });
  return { breach, steps };
}

function playSeed(scenario: Scenario, seed: number, trace?: Trace): Promise<ScheduleResult> {
  const choices = Choices.seeded(seed);
  const order = seed % 2 === 0 ? new PrecedenceOrder(choices) : new RandomOrder(choices);
  return runSchedule(scenario, choices, order, trace);
}

function play(scenario: Scenario, { plan, order }: Script, trace?: Trace): Promise<ScheduleResult> {
  return runSchedule(scenario, Choices.replay(plan), new ScriptedOrder(order), trace);
}

/** Heartbeats go on all the time and say nothing. */
const isWorthTelling = ({ label }: Taken): boolean => !label.endsWith('heartbeat');

const inWords = ({ label }: Taken, ms: number): string =>
  `${(ms / 1_000).toFixed(3).padStart(7)} s  ${label}`;

async function explain(scenario: Scenario, seed: number, mostRuns: number): Promise<ExplorerFailure> {
  const order: Taken[] = [];
  const steps: string[] = [];
  const { breach, plan } = await playSeed(scenario, seed, (step, ms) => {
    order.push(step);
    if (isWorthTelling(step)) steps.push(inWords(step, ms));
  });
  const script = await shrink(scenario, { plan, order }, breach!, mostRuns);
  const shown = await replay(scenario, script);
  // Without its chance decisions the schedule may have ended otherwise; as it was found it says enough.
  return new ExplorerFailure(shown.breach ?? breach!, seed, script, shown.breach ? shown.steps : steps);
}

/** Makes a failing schedule simpler, in its order and in its plan by turns, while it breaks the same promise. */
async function shrink(
  scenario: Scenario,
  found: Script,
  { promised }: Breach,
  mostRuns: number,
): Promise<Script> {
  let best = found;
  let runs = 0;
  const attempt = async (candidate: Script): Promise<boolean> => {
    if (runs++ >= mostRuns) return false;
    const { breach } = await play(scenario, candidate);
    if (breach?.promised !== promised) return false;
    best = candidate;
    return true;
  };
  const withOrder = (order: readonly Taken[]): Promise<boolean> => attempt({ ...best, order });
  const withPlan = (plan: readonly number[]): Promise<boolean> => attempt({ ...best, plan });
  for (let before: Script | undefined; before !== best;) {
    before = best;
    await lower(best.plan, withPlan);
    await leaveOut(best.order, withOrder);
    await leaveOut(best.plan, withPlan);
  }
  return best;
}
