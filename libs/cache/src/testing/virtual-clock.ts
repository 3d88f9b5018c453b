import type { Clock, Timer } from '../clock.js';

interface Alarm {
  readonly at: number;
  readonly task: () => void;
}

/** Where the virtual calendar begins: 2026-01-01, UTC. */
const EPOCH = Date.UTC(2026, 0, 1);

/**
 * Time that moves only when a test says so. Timers fire in the order of their times, and those of one moment in the
 * order in which they were started; a timer that is started by another fires too, if it falls into the same move.
 *
 * @example
 * const clock = new VirtualClock();
 * clock.after(30_000, () => done());
 * clock.advance(30_000); // done() has been called
 */
export class VirtualClock implements Clock {
  /** By time, earliest first. */
  private readonly alarms: Alarm[] = [];
  private time = 0;

  now(): number {
    return this.time;
  }

  wall(): number {
    return EPOCH + this.time;
  }

  after(ms: number, task: () => void): Timer {
    const alarm: Alarm = { at: this.time + Math.max(0, ms), task };
    let at = this.alarms.length;
    while (at > 0 && this.alarms[at - 1]!.at > alarm.at) at--;
    this.alarms.splice(at, 0, alarm);
    return { cancel: () => this.cancel(alarm) };
  }

  /** Nothing is ever under way outside the schedule, so the task runs at once. */
  afterInput(task: () => void): void {
    task();
  }

  /** In ms on this clock; undefined when no timer runs. */
  get nextTimerAt(): number | undefined {
    return this.alarms[0]?.at;
  }

  /** Moves time by `ms` and fires what falls due on the way, each timer at its own moment. */
  advance(ms: number): void {
    const until = this.time + ms;
    while (this.alarms.length > 0 && this.alarms[0]!.at <= until) this.fireNext();
    this.time = Math.max(this.time, until);
  }

  /** Moves time to the next timer and fires it alone; false when there is none. */
  fireNext(): boolean {
    const alarm = this.alarms.shift();
    if (!alarm) return false;
    this.time = Math.max(this.time, alarm.at);
    alarm.task();
    return true;
  }

  private cancel(alarm: Alarm): void {
    const at = this.alarms.indexOf(alarm);
    if (at >= 0) this.alarms.splice(at, 1);
  }
}
