import type { Choices } from './choices.js';
import type { Step } from './network.js';

/** Something that can happen beside the steps of the lanes: time passes, a link breaks, a process dies. */
export interface Event extends Step {
  /** How often it is chosen, against {@link LANE_WEIGHT} for the next step of each lane. */
  readonly weight: number;
}

/** The next step of a lane. */
export interface LaneStep extends Step {
  readonly lane: { readonly number: number };
}

/** A step that was taken; the lane tells apart what has the same label. */
export interface Taken {
  readonly label: string;
  readonly lane?: number;
}

/** Chooses what happens next. */
export interface Order {
  /**
   * @param steps - the next of each lane, the one that was posted first in front
   * @returns undefined for the end
   */
  next(steps: readonly LaneStep[], events: readonly Event[]): Step | undefined;
}

const LANE_WEIGHT = 6;
/** A lane falls behind all others once in so many steps. */
const STEPS_PER_CHANGE = 10;

/** Any order, by chance. */
export class RandomOrder implements Order {
  constructor(private readonly choices: Choices) {}

  next(steps: readonly LaneStep[], events: readonly Event[]): Step | undefined {
    let weight = steps.length * LANE_WEIGHT;
    for (const event of events) weight += event.weight;
    if (weight === 0) return undefined;
    const chosen = this.choices.random(weight);
    return steps[Math.floor(chosen / LANE_WEIGHT)] ?? eventAt(events, chosen - steps.length * LANE_WEIGHT);
  }
}

/**
 * Lanes in an order of precedence that is drawn by chance and changes now and then, so that some are left far behind
 * (a loader that takes ages, a notice that is late) as they hardly ever are when every step is a new draw. Most
 * mistakes need only that; see Burckhardt et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding
 * Bugs", ASPLOS 2010.
 */
export class PrecedenceOrder implements Order {
  /** By the number of the lane; the highest goes first. */
  private readonly precedence: number[] = [];
  private last = 0;

  constructor(private readonly choices: Choices) {}

  next(steps: readonly LaneStep[], events: readonly Event[]): Step | undefined {
    let weight = 0;
    for (const event of events) weight += event.weight;
    // As often as when every step is a new draw among about six lanes.
    const chosen = this.choices.random(weight + 6 * LANE_WEIGHT);
    if (chosen < weight) return eventAt(events, chosen);
    let first: LaneStep | undefined;
    for (const step of steps) if (!first || this.of(step) > this.of(first)) first = step;
    if (first && this.choices.random(STEPS_PER_CHANGE) === 0)
      this.precedence[first.lane.number] = --this.last;
    // Nothing else is left: the events are all that can still happen.
    return first ?? (weight > 0 ? eventAt(events, this.choices.random(weight)) : undefined);
  }

  private of({ lane }: LaneStep): number {
    return (this.precedence[lane.number] ??= this.choices.random(1_000_000));
  }
}

function eventAt(events: readonly Event[], chosen: number): Event | undefined {
  let left = chosen;
  return events.find((event) => (left -= event.weight) < 0);
}

/**
 * The order of a list of steps. One that cannot happen where it stands is passed over, and behind the end everything
 * happens in the order in which it was posted; so a list from which steps were left out is still a schedule.
 */
export class ScriptedOrder implements Order {
  private at = 0;

  constructor(private readonly script: readonly Taken[]) {}

  next(steps: readonly LaneStep[], events: readonly Event[]): Step | undefined {
    while (this.at < this.script.length) {
      const { label, lane } = this.script[this.at++]!;
      const alike = steps.filter((step) => step.label() === label);
      const step =
        alike.find((candidate) => candidate.lane.number === lane) ??
        alike[0] ??
        events.find((event) => event.label() === label);
      if (step) return step;
    }
    return steps[0];
  }
}
