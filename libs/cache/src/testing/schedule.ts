import { HOLD_MS, type Tier } from '../tiers/tier.js';
import { MemoryStore } from '../tiers/memory-store.js';
import { Breach, Checker } from './checker.js';
import type { Choices } from './choices.js';
import { ALL_FAULTS, Faults, type FaultKind } from './faults.js';
import { Interleaver } from './interleaver.js';
import type { Order, Taken } from './order.js';
import type { Subject, SubjectOf } from './subject.js';
import type { AfterReconnect } from './twin-connection.js';
import type { TwinProcess } from './twin-process.js';
import { TwinRedis } from './twin-redis.js';
import { VirtualClock } from './virtual-clock.js';
import { Actor, assign } from './world.js';

/** What is explored, and how big it may get. */
export interface Scenario {
  readonly subject: SubjectOf;
  /** @default 3 */
  readonly mostProcesses?: number;
  /** @default 2 */
  readonly mostKeys?: number;
  /** @default all */
  readonly faults?: readonly FaultKind[];
  /** The server, where a test wants another one. */
  readonly store?: (clock: VirtualClock) => MemoryStore;
  /** What stands between the engines and the server, where a test wants something there. */
  readonly tier?: (tier: Tier) => Tier;
}

/** How one schedule ended. */
export interface ScheduleResult {
  readonly breach?: Breach;
  /** The decisions that were made before its first step. */
  readonly plan: readonly number[];
  /** How many steps it had. */
  readonly steps: number;
}

/** Above it the schedule is brought to its end. */
const MOST_STEPS = 400;
/** Longer than leases, probes and retries take. */
const AFTERWARDS_MS = 4_000;
const MOST_KEPT = 1_000;

/** Told of every step of a schedule, and of the virtual time at which it is taken. */
export type Trace = (step: Taken, ms: number) => void;

/**
 * Plays one schedule: processes, tasks and faults as `choices` decide, then steps in the order that `order` chooses;
 * in the end everything is repaired and brought to rest, and every process reads every key once more.
 */
export async function runSchedule(
  scenario: Scenario,
  choices: Choices,
  order: Order,
  trace?: Trace,
): Promise<ScheduleResult> {
  const schedule = new Schedule(scenario, choices, order, trace);
  const result = (breach?: Breach): ScheduleResult => ({ breach, plan: choices.made, steps: schedule.steps });
  try {
    await schedule.play();
    return result();
  } catch (error) {
    if (error instanceof Breach) return result(error);
    throw error;
  } finally {
    await schedule.stop();
  }
}

class Schedule {
  steps = 0;
  private readonly clock = new VirtualClock();
  private readonly interleaver: Interleaver;
  private readonly twin: TwinRedis;
  private readonly checker: Checker;
  private readonly actors: Actor[] = [];
  private readonly processes: TwinProcess[] = [];
  private readonly keys: readonly string[];
  private readonly subject: Subject;
  private readonly processCount: number;

  constructor(
    private readonly scenario: Scenario,
    private readonly choices: Choices,
    order: Order,
    private readonly trace?: Trace,
  ) {
    const { clock } = this;
    this.interleaver = new Interleaver(order, trace && ((step) => trace(step, clock.now())));
    this.subject = scenario.subject(choices);
    this.checker = new Checker(clock, this.subject.cache, this.processes);
    this.twin = new TwinRedis({
      clock,
      network: this.interleaver,
      store: scenario.store?.(clock) ?? new MemoryStore(MOST_KEPT, clock),
      afterReconnect: choices.pick<AfterReconnect>(['fail', 'resend']),
      watch: this.checker,
      tier: scenario.tier,
    });
    this.processCount = 1 + choices.below(scenario.mostProcesses ?? 3);
    // Mistakes show where several tasks meet at one key; others only have to be left alone.
    const keys = choices.oneIn(4) ? 1 + choices.below(scenario.mostKeys ?? 2) : 1;
    this.keys = KEYS.slice(0, keys);
  }

  async play(): Promise<void> {
    for (const name of NAMES.slice(0, this.processCount)) await this.launch(name);
    // Usually everybody is connected before anything else happens.
    if (!this.choices.oneIn(8)) await this.rest();
    const { clock, twin, checker, actors, interleaver } = this;
    const onDisturbed = (): void => void (checker.isDisturbed = true);
    const faults = new Faults(
      this.choices,
      { twin, clock, actors, onDisturbed },
      this.scenario.faults ?? ALL_FAULTS,
    );
    assign(this.choices, actors, this.keys);
    const goesOn = (): boolean => this.steps < MOST_STEPS && actors.some(({ isBusy }) => isBusy);
    await this.repeat(() => goesOn() && interleaver.step(faults.events()));
    if (!faults.interfered) this.checkLoads();
    this.trace?.({ label: '— everything is repaired and comes to rest —' }, clock.now());
    faults.end();
    await this.finish(faults);
  }

  async stop(): Promise<void> {
    await Promise.all(this.actors.map((actor) => actor.stop()));
  }

  private async launch(name: string): Promise<void> {
    const process = this.twin.connect(name);
    this.processes.push(process);
    const actor = new Actor(process, this.interleaver, this.checker);
    this.actors.push(actor);
    const starting = actor.start(this.subject);
    if (!starting) return;
    let isOver = false;
    const over = (): void => void (isOver = true);
    starting.then(over, over);
    // It may wait for its connection, which is made before the schedule begins.
    while (!isOver) {
      this.interleaver.heads();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await starting;
  }

  private async finish({ interfered, mayLeaveHolds }: Faults): Promise<void> {
    if (interfered) await this.pass(AFTERWARDS_MS);
    await this.rest();
    this.expectIdle();
    await this.expectCurrent();
    if (!mayLeaveHolds) return;
    this.clock.advance(HOLD_MS);
    await this.rest();
    await this.expectCurrent();
  }

  /** Lets time pass, and everything happen at its time. */
  private async pass(ms: number): Promise<void> {
    const { clock } = this;
    const until = clock.now() + ms;
    await this.repeat(
      () => this.interleaver.heads() || ((clock.nextTimerAt ?? Infinity) <= until && clock.fireNext()),
    );
    clock.advance(until - clock.now());
  }

  private async expectCurrent(): Promise<void> {
    if (!this.actors.some(({ process }) => process.isAlive)) {
      await this.launch('z');
      await this.rest();
    }
    // The second time from L1, where there is one.
    for (let round = 0; round < 2; round++) {
      for (const actor of this.actors) if (actor.process.isAlive) actor.readsLast(this.keys);
      await this.rest();
      this.expectIdle();
    }
  }

  /** Lets everything arrive, in the order in which it was sent, while time stands still. */
  private rest(): Promise<void> {
    return this.repeat(() => this.interleaver.heads());
  }

  /**
   * Takes steps until there is none, and between them lets everything run that can run without waiting. A tick that is
   * asked for by a microtask comes when the queue of microtasks is empty, so no await of the code under test is left
   * half-way; that costs a fraction of a turn of the event loop.
   */
  private repeat(step: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const next = (): void => {
        try {
          this.checker.verify();
          if (!step()) return resolve();
          this.steps++;
          void now.then(tick);
        } catch (error) {
          const failure = error as Error;
          reject(failure);
        }
      };
      // `queueMicrotask` would do, but costs more.
      const now = Promise.resolve();
      const tick = (): void => process.nextTick(next);
      void now.then(tick);
    });
  }

  private expectIdle(): void {
    for (const actor of this.actors)
      if (actor.isBusy) throw new Breach('no errors', `a call of ${actor.process.name} never ended`);
  }

  private checkLoads(): void {
    if (this.checker.hasEvicts) return;
    for (const key of this.keys) {
      const loads = this.checker.loadCount(key);
      if (loads > 1) throw new Breach('one load', `${key} was loaded ${loads} times`);
    }
  }
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const KEYS = ['k', 'l', 'm', 'n'];
