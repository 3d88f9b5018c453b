/**
 * A set that gives out its oldest member. The iterator is kept between calls: a new one would step over everything
 * that was deleted before it. It never ends, because it is only asked while there is a member, and all are ahead of it.
 */
export class Queue<T> {
  private readonly members = new Set<T>();
  private readonly oldest = this.members.values();

  get size(): number {
    return this.members.size;
  }

  /** At the end; a member keeps its place. */
  add(member: T): void {
    this.members.add(member);
  }

  /** Whether it was a member. */
  delete(member: T): boolean {
    return this.members.delete(member);
  }

  /** Takes the oldest out; undefined when there is none. */
  take(): T | undefined {
    if (this.members.size === 0) return undefined;
    const member = this.oldest.next().value as T;
    this.members.delete(member);
    return member;
  }
}
