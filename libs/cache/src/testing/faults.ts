import type { Actor } from './world.js';
import type { Choices } from './choices.js';
import type { Event } from './order.js';
import type { TwinRedis } from './twin-redis.js';
import type { VirtualClock } from './virtual-clock.js';

/** What may go wrong once in a schedule. */
export type FaultKind =
  'time passes' | 'link cut' | 'half-open link' | 'server paused' | 'server restarts empty' | 'crash';

/** Every kind of fault. */
export const ALL_FAULTS: readonly FaultKind[] = [
  'time passes',
  'link cut',
  'half-open link',
  'server paused',
  'server restarts empty',
  'crash',
];

const FAULT_WEIGHT = 2;
/** Past a deadline, the trust in a silent bus, a lease, the renewal of a hold, and its end, in ms. */
const JUMPS = [60, 2_100, 3_100, 10_100, 31_000] as const;
const LINKS = ['commands', 'notices', undefined] as const;

interface Scene {
  readonly twin: TwinRedis;
  readonly clock: VirtualClock;
  readonly actors: readonly Actor[];
  /** Something other than the end of a process has happened. */
  readonly onDisturbed: () => void;
}

/** The misfortunes of one schedule: drawn at its beginning, each strikes once, whenever the schedule chooses. */
export class Faults {
  private readonly coming: Event[] = [];
  private readonly timer: Event;
  /** Whether anything but the network has influenced the schedule so far. */
  interfered = false;
  /** Whether holds may be left that nobody ends. */
  mayLeaveHolds = false;

  constructor(
    choices: Choices,
    private readonly scene: Scene,
    kinds: readonly FaultKind[],
  ) {
    const { clock } = scene;
    this.timer = {
      weight: 1,
      label: () => 'time passes to the next timer',
      run: () => {
        this.interfered = true;
        scene.onDisturbed();
        clock.fireNext();
      },
    };
    if (kinds.length === 0) return;
    // Half of the schedules have only their order; the others up to three faults.
    const count = Math.max(0, choices.below(6) - 2);
    for (let left = count; left > 0; left--) this.add(this.draw(choices, choices.pick(kinds)));
  }

  /** What may happen now. */
  events(): readonly Event[] {
    return this.scene.clock.nextTimerAt === undefined ? this.coming : [...this.coming, this.timer];
  }

  /** Everything is repaired, and nothing more goes wrong. */
  end(): void {
    this.coming.length = 0;
    this.scene.twin.resume();
    for (const { process } of this.scene.actors) process.lighten();
  }

  private add(event: Event): void {
    const once: Event = {
      ...event,
      run: () => {
        this.interfered = true;
        this.coming.splice(this.coming.indexOf(once), 1);
        event.run();
      },
    };
    this.coming.push(once);
  }

  private draw(choices: Choices, kind: FaultKind): Event {
    const { twin, clock, actors } = this.scene;
    const named = (label: string, run: () => void): Event => ({
      weight: FAULT_WEIGHT,
      label: () => label,
      run,
    });
    if (kind === 'time passes') {
      const ms = choices.pick(JUMPS);
      return named(`time passes, ${ms} ms`, () => clock.advance(ms));
    }
    this.mayLeaveHolds = true;
    if (kind === 'server restarts empty')
      return named('the server restarts without its data', () => twin.restart());
    if (kind === 'server paused') {
      return named('the server is paused', () => {
        twin.pause();
        this.add(named('the server goes on', () => twin.resume()));
      });
    }
    const actor = choices.pick(actors);
    const { process } = actor;
    if (kind === 'crash') {
      const arrives = choices.oneIn(2);
      const sent = arrives ? 'what it sent still arrives' : 'and with it what it was sending';
      return named(`${process.name} is killed, ${sent}`, () => actor.kill(arrives));
    }
    const link = choices.pick(LINKS);
    const which = `${process.name}'s ${link === undefined ? 'connections' : `connection for ${link}`}`;
    if (kind === 'link cut') return named(`${which} cut`, () => process.cut(link));
    return named(`${which} half-open`, () => {
      process.darken(link);
      this.add(named(`${process.name} is reachable again`, () => process.lighten()));
    });
  }
}
