import type { Lane, Network, Step } from './network.js';
import type { Event, LaneStep, Order, Taken } from './order.js';

interface PendingStep extends LaneStep {
  readonly lane: InterleavedLane;
}

/** A network in which every order is possible that keeps the order within each lane; an {@link Order} chooses. */
export class Interleaver implements Network {
  /** In the order in which they were posted. */
  private pending: PendingStep[] = [];
  private lanes = 0;
  private readonly seen: number[] = [];
  private readonly movable: PendingStep[] = [];
  private round = 0;

  /** @param trace - told of every step before it is taken */
  constructor(
    private readonly order: Order,
    private readonly trace?: (step: Taken) => void,
  ) {}

  lane(): Lane {
    return new InterleavedLane(
      this.lanes++,
      (step) => this.pending.push(step),
      (lane) => (this.pending = this.pending.filter((step) => step.lane !== lane)),
    );
  }

  /** Takes one step, chosen among the next of each lane and the events; false when nothing was chosen. */
  step(events: readonly Event[]): boolean {
    const step = this.order.next(this.nextOfEachLane(), events);
    if (!step) return false;
    this.take(step);
    return true;
  }

  /** Takes the next step of every lane, without a choice; false when nothing can move. */
  heads(): boolean {
    const heads = [...this.nextOfEachLane()];
    // One of them may have cleared the lane of another.
    for (const head of heads) if (this.pending.includes(head)) this.take(head);
    return heads.length > 0;
  }

  private take(step: Step): void {
    const at = this.pending.indexOf(step as PendingStep);
    const [posted] = at < 0 ? [] : this.pending.splice(at, 1);
    this.trace?.({ label: step.label(), lane: posted?.lane.number });
    step.run();
  }

  private nextOfEachLane(): readonly PendingStep[] {
    this.round++;
    this.movable.length = 0;
    for (const step of this.pending) {
      const { lane } = step;
      if (this.seen[lane.number] === this.round) continue;
      this.seen[lane.number] = this.round;
      if (!lane.frozen) this.movable.push(step);
    }
    return this.movable;
  }
}

class InterleavedLane implements Lane {
  frozen = false;

  constructor(
    readonly number: number,
    private readonly add: (step: PendingStep) => void,
    private readonly empty: (lane: InterleavedLane) => void,
  ) {}

  post(label: () => string, run: () => void): void {
    this.add({ lane: this, label, run });
  }

  clear(): void {
    this.empty(this);
  }
}
