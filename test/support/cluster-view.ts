interface SeenNode {
  readonly id: string;
  readonly failed: boolean;
  readonly primary: boolean;
  /** Whom it replicates. */
  readonly follows: string | undefined;
  readonly slots: readonly (readonly [first: number, last: number])[];
}

/** A cluster as one of its nodes sees it: CLUSTER NODES, CLUSTER INFO and INFO replication of one moment. */
export class ClusterView {
  /** The node works, and a replica has its primary's data. */
  readonly healthy: boolean;
  /** Who owns what and who follows whom; the same text in two views means that they agree. */
  readonly layout: string;
  private readonly seen: readonly SeenNode[];

  constructor(
    /** The node that was asked. */
    readonly observer: string,
    nodes: string,
    info: string,
    replication: string,
  ) {
    this.seen = nodes.split('\n').flatMap((line) => (line.includes(':0@') || !line ? [] : [parse(line)]));
    this.healthy = info.includes('cluster_state:ok') && !replication.includes('master_link_status:down');
    this.layout = this.seen
      .filter(({ failed }) => !failed)
      .map(({ id, follows, slots }) => `${id} ${follows ?? 'primary'} ${slots.join(' ')}`)
      .sort()
      .join('\n');
  }

  get size(): number {
    return this.seen.length;
  }

  get replicas(): number {
    return this.seen.filter(({ follows }) => follows !== undefined).length;
  }

  isPrimary(id: string): boolean {
    return this.seen.some((node) => node.id === id && node.primary);
  }

  /** Those that work. */
  replicasOf(id: string): string[] {
    return this.seen.filter((node) => node.follows === id && !node.failed).map((node) => node.id);
  }

  ownerOf(slot: number): string {
    const owner = this.seen.find(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last));
    if (owner) return owner.id;
    throw new Error(`Nobody owns slot ${slot}.`);
  }

  firstSlotOf(id: string): number {
    const slot = this.seen.find((node) => node.id === id)?.slots[0]?.[0];
    if (slot === undefined) throw new Error(`Node ${id} is no primary.`);
    return slot;
  }
}

/** `<id> <address> <flags> <primary's id or -> <ping> <pong> <epoch> <link> <slots> …` */
function parse(line: string): SeenNode {
  const [id = '', , flags = '', follows = '-', , , , , ...slots] = line.split(' ');
  return {
    id,
    failed: flags.split(',').some((flag) => flag === 'fail' || flag === 'noaddr'),
    primary: flags.includes('master'),
    follows: follows === '-' ? undefined : follows,
    // A slot on its way to another node is written in brackets.
    slots: slots
      .filter((range) => range && !range.startsWith('['))
      .map((range) => {
        const [first, last] = range.split('-').map(Number) as [number, number?];
        return [first, last ?? first] as const;
      }),
  };
}
