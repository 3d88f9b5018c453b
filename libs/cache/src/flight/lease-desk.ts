import type { Clock } from '../clock.js';
import type { CallBudget } from '../tiers/call-budget.js';
import type { LeaseAnswer, LeaseRequest, Tier } from '../tiers/tier.js';
import { STALL_MS, currentLoads, trackNesting, tracksNesting } from './load.js';
import type { Place, Waiters } from './waiters.js';

/** The first wait for somebody else's load; a lost wake costs no more than this. */
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 250;

/**
 * Where a read that found nothing asks for permission to load, and waits while another process does. The fill wakes it;
 * asking again is only the remedy for a wake that got lost, or a loader that died.
 *
 * A wait that Redis then confirms is the other loader's time. One that it does not confirm in time ends the wait: a
 * read never waits for a server that hangs longer than its budget, or half of what the other's load took so far.
 */
export class LeaseDesk {
  constructor(
    private readonly tier: Tier,
    private readonly waiters: Waiters,
    private readonly clock: Clock,
  ) {}

  /**
   * Anything but `held`, unless waiting is over without a result.
   *
   * @param patienceMs - after so long a read does its own load
   * @param onWait - called when the wait begins
   */
  ask(
    request: LeaseRequest,
    budget: CallBudget,
    patienceMs: number,
    onWait?: () => void,
  ): Promise<LeaseAnswer> {
    return this.tier
      .lease(request, budget)
      .then((answer) => (answer.kind === 'held' ? this.wait(request, budget, patienceMs, onWait) : answer));
  }

  private async wait(
    request: LeaseRequest,
    budget: CallBudget,
    patienceMs: number,
    onWait?: () => void,
  ): Promise<LeaseAnswer> {
    onWait?.();
    const place = this.waiters.take(request.slot.key);
    try {
      // Once more: the wake may have come before there was a place.
      const still = await this.tier.lease(request, budget);
      return still.kind === 'held' ? await this.askAgain(request, budget, place, patienceMs) : still;
    } finally {
      place.leave();
    }
  }

  private async askAgain(
    request: LeaseRequest,
    budget: CallBudget,
    place: Place,
    patienceMs: number,
  ): Promise<LeaseAnswer> {
    const startedAt = this.clock.now();
    // Loaders that read other entries could wait for each other in a circle of processes; they do not wait for long.
    const waitsOnce = currentLoads() !== undefined;
    // Whether this call is inside a loader is not always known before the first time that one had to wait for long.
    const limitMs = tracksNesting() ? patienceMs : Math.min(patienceMs, STALL_MS);
    for (let last = false; ;) {
      const waitedMs = this.clock.now() - startedAt;
      const leftMs = Math.max(limitMs - waitedMs, 1);
      const waitMs = Math.min(Math.max(FIRST_WAIT_MS, waitedMs / 2), LONGEST_WAIT_MS, leftMs);
      const end = await place.wait(waitMs);
      if (waitMs <= FIRST_WAIT_MS) budget.spend(Math.min(waitMs, this.clock.now() - startedAt - waitedMs));
      const answer = await this.tier.lease(request, budget);
      budget.restore();
      const isPatient = this.clock.now() - startedAt < limitMs;
      if (!isPatient && limitMs === STALL_MS) trackNesting();
      if (answer.kind !== 'held' || last || waitsOnce || !isPatient) return answer;
      // Nothing was stored the last time: with many waiting, one load after the other would take for ever.
      last = end === 'abandoned';
    }
  }
}
