/** What happened to a lock and to the row that it guards. Times are of the machine's monotonic clock, in ms. */
export interface LockHistory {
  /** Who was given the lock, in any order. */
  readonly grants: readonly Grant[];
  /** Every change of the row, in the order in which the database made them. */
  readonly journal: readonly Change[];
  /** When the locks were wiped out of Redis. */
  readonly forgotten: readonly { from: number; to: number }[];
}

export interface Grant {
  readonly holder: number;
  readonly fence: number;
  readonly askedAt: number;
  readonly grantedAt: number;
  /** Last time at which it was sure to hold the lock. */
  heldAt: number;
}

export interface Change {
  readonly kind: 'claim' | 'write';
  readonly fence: number;
  /** Of the row after the change; a write adds one to what its holder found. */
  readonly value: number;
}

/** In what the lock has failed; empty when it has not. */
export function faultsOf({ grants, journal, forgotten }: LockHistory): string[] {
  return [...faultsOfChanges(journal), ...faultsOfFences(grants), ...faultsOfHolding(grants, forgotten)];
}

function faultsOfChanges(journal: readonly Change[]): string[] {
  const faults: string[] = [];
  let newest = 0;
  let value = 0;
  for (const { kind, fence, value: next } of journal) {
    if (kind === 'claim') {
      if (fence <= newest) faults.push(`holder ${fence} took the row after holder ${newest}`);
      newest = Math.max(newest, fence);
      continue;
    }
    if (fence !== newest) faults.push(`holder ${fence} wrote, when ${newest} was the newest`);
    if (next !== value + 1) faults.push(`holder ${fence} wrote ${next} over ${value}: a change was lost`);
    value = next;
  }
  return faults;
}

/** Who asked after another was answered has the higher fence. */
function faultsOfFences(grants: readonly Grant[]): string[] {
  const ordered = [...grants].sort((a, b) => a.fence - b.fence);
  return ordered.flatMap((grant, at) => {
    const next = ordered[at + 1];
    if (next?.fence === grant.fence) return [`fence ${grant.fence} was given out twice`];
    const earlier = ordered.slice(at + 1).find(({ grantedAt }) => grantedAt < grant.askedAt);
    return earlier ? [`fence ${grant.fence} was given out after ${earlier.fence}`] : [];
  });
}

/** Nobody is given the lock, or is sure of it, while somebody else is, unless Redis was made to forget it. */
function faultsOfHolding(grants: readonly Grant[], forgotten: LockHistory['forgotten']): string[] {
  return grants.flatMap((a, at) =>
    grants.slice(at + 1).flatMap((b) => {
      const from = Math.max(a.grantedAt, b.grantedAt);
      const to = Math.min(a.heldAt, b.heldAt);
      if (a.holder === b.holder || from > to) return [];
      const begun = Math.min(a.askedAt, b.askedAt);
      const excused = forgotten.some((moment) => moment.from <= to && moment.to >= begun);
      return excused ? [] : [`holders ${a.fence} and ${b.fence} were sure of the lock at the same time`];
    }),
  );
}
