/**
 * A set that gives out its oldest member. The iterator is kept between takes, because a new one steps over everything
 * that was deleted before it; but not for longer, because it holds every table that the set has outgrown meanwhile.
 */
export class Queue<T> {
  private readonly members = new Set<T>();
  private oldest?: Iterator<T>;
  private addedSinceTake = 0;

  get size(): number {
    return this.members.size;
  }

  /** At the end; a member keeps its place. */
  add(member: T): void {
    this.members.add(member);
    // As many as there are members pay for what a new iterator has to step over.
    if (++this.addedSinceTake > this.members.size) this.oldest = undefined;
  }

  /** Whether it was a member. */
  delete(member: T): boolean {
    return this.members.delete(member);
  }

  clear(): void {
    this.members.clear();
    this.oldest = undefined;
  }

  /** Takes the oldest out; undefined when there is none. */
  take(): T | undefined {
    if (this.members.size === 0) return undefined;
    this.addedSinceTake = 0;
    this.oldest ??= this.members.values();
    // It never ends: there is a member, and all are ahead of it.
    const member = this.oldest.next().value as T;
    this.members.delete(member);
    return member;
  }
}
