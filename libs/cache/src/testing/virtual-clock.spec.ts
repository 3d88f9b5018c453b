import { VirtualClock } from './virtual-clock.js';

describe('the virtual clock', () => {
  it('fires timers at their times and in their order, those of one moment as they were started', () => {
    const clock = new VirtualClock();
    const fired: [string, number][] = [];
    const note = (name: string) => (): void => void fired.push([name, clock.now()]);
    clock.after(20, note('late'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.after(30, note('not yet'));
    clock.advance(25);
    expect(fired).toEqual([
      ['first', 10],
      ['second', 10],
      ['late', 20],
    ]);
    expect(clock.now()).toBe(25);
  });

  it('fires a timer that another one has started within the same move', () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      if (fired.length < 3) clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(100);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('never fires a timer that was cancelled, not even by another one of the same moment', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    clock.after(10, () => second.cancel());
    const second = clock.after(10, () => fired.push('second'));
    clock.advance(10);
    expect(fired).toEqual([]);
  });

  it('stands still by itself, and keeps the calendar in step with the time', () => {
    const clock = new VirtualClock();
    const [now, wall] = [clock.now(), clock.wall()];
    expect(clock.now()).toBe(now);
    clock.advance(90_000);
    expect(clock.wall() - wall).toBe(90_000);
    expect(clock.fireNext()).toBe(false);
  });
});
