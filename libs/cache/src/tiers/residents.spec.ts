import { Choices } from '../testing/choices.js';
import { Residents, type Resident } from './residents.js';

interface Named extends Resident {
  readonly name: number;
}

/** A cache as its reader sees it: {@link Room.ask} says whether the name was there, and fetches it if not. */
class Room {
  readonly there = new Map<number, Named>();
  readonly residents: Residents<Named>;

  constructor(size: number) {
    this.residents = new Residents<Named>(size);
  }

  ask(name: number): boolean {
    const found = this.there.get(name);
    if (found) {
      found.uses = Math.min(3, found.uses + 1);
      return true;
    }
    const resident: Named = { name, weight: 1, fingerprint: name, uses: 0, settled: false };
    this.there.set(name, resident);
    this.residents.add(resident);
    for (let gone = this.residents.takeSurplus(); gone; gone = this.residents.takeSurplus())
      this.there.delete(gone.name);
    return false;
  }

  hitsOf(names: readonly number[]): number {
    return names.filter((name) => this.ask(name)).length;
  }

  has(names: readonly number[]): number {
    return names.filter((name) => this.there.has(name)).length;
  }
}

const SIZE = 1_000;
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);
const hot = range(0, 600);

describe('who stays in the process', () => {
  it('is who is used: a scan of fifty times the room leaves the hot set where it is', () => {
    const room = new Room(SIZE);
    room.hitsOf(hot);
    room.hitsOf(hot);
    room.hitsOf(range(10_000, 50 * SIZE));
    expect(room.has(hot)).toBe(hot.length);
  });

  it('is better chosen than by last use, while every second read is a scan', () => {
    const choices = Choices.seeded(7);
    const room = new Room(SIZE);
    const lately = new Set<number>();
    const hits = { room: 0, lately: 0 };
    for (let turn = 0; turn < 100_000; turn++) {
      // Of 50,000 names each is asked for in proportion to 1 / its rank; scans go over them in runs of 2,000.
      const rank = Math.floor(50_000 ** (choices.below(1_000_000) / 1_000_000));
      const name = turn % 4_000 < 2_000 ? (7 * rank) % 50_000 : turn % 50_000;
      if (room.ask(name)) hits.room++;
      if (lately.delete(name)) hits.lately++;
      lately.add(name);
      if (lately.size > SIZE) for (const oldest of lately) if (lately.delete(oldest)) break;
    }
    expect(hits.room / hits.lately).toBeGreaterThan(1.15);
  });

  it('is nobody for good: who was used a lot, but not lately, goes', () => {
    const room = new Room(SIZE);
    for (let time = 0; time < 100; time++) room.hitsOf(hot);
    const next = range(5_000, 900);
    for (let time = 0; time < 10; time++) room.hitsOf(next);
    expect(room.has(hot)).toBeLessThan(SIZE - next.length + 1);
    expect(room.hitsOf(next)).toBeGreaterThan(850);
  });

  it('is who comes back soon after having gone', () => {
    const room = new Room(SIZE);
    room.hitsOf(range(0, SIZE));
    room.hitsOf(range(10_000, 100));
    const back = range(0, 100);
    expect(room.hitsOf(back)).toBe(0);
    room.hitsOf(range(20_000, 5 * SIZE));
    expect(room.has(back)).toBe(back.length);
  });

  it('is a newcomer again after a long absence', () => {
    const room = new Room(SIZE);
    room.ask(1);
    room.hitsOf(range(10_000, 3 * SIZE));
    room.ask(1);
    room.hitsOf(range(20_000, 2 * SIZE));
    expect(room.has([1])).toBe(0);
  });

  it('is who was used before its value was dropped and loaded again', () => {
    const room = new Room(SIZE);
    room.hitsOf(hot);
    room.hitsOf(hot);
    for (const name of hot) {
      room.residents.delete(room.there.get(name)!);
      room.there.delete(name);
      room.ask(name);
    }
    room.hitsOf(range(10_000, 5 * SIZE));
    expect(room.has(hot)).toBe(hot.length);
  });

  it('is nobody for good among few either: each time somebody else is let go instead, a use is used up', () => {
    const residents = new Residents<Named>(2);
    const left: number[] = [];
    for (let name = 0; name < 9; name++) {
      residents.add({ name, weight: 1, fingerprint: name, uses: name === 0 ? 3 : 0, settled: true });
      const gone = residents.takeSurplus();
      if (gone) left.push(gone.name);
    }
    expect(left).toEqual([1, 2, 3, 4, 5, 6, 0]);
  });

  it.each([
    ['on probation', false],
    ['settled', true],
  ])('makes room in bounded time where everybody is %s and was used to the full', (_, settled) => {
    const COUNT = 100_000;
    const residents = new Residents<Named>(COUNT - 1);
    let looks = 0;
    for (let name = 0; name < COUNT; name++) {
      let uses = 3;
      residents.add({
        name,
        weight: 1,
        fingerprint: name,
        settled,
        get uses() {
          return uses;
        },
        set uses(next) {
          looks++;
          uses = next;
        },
      });
    }
    expect(residents.takeSurplus()).toBeDefined();
    expect(residents.count).toBe(COUNT - 1);
    expect(looks).toBeLessThan(2_000);
  });
});
