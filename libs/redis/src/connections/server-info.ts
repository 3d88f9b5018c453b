/** Memory of a server; of a Cluster, the sums, and the percentage of the primary nearest to its limit. */
export interface RedisMemory {
  usedBytes: number;
  /** Null where there is no limit. */
  maxBytes: number | null;
  percent: number | null;
  /** `noeviction`, `allkeys-lru`…; null where the server does not tell. */
  policy: string | null;
  /** Resident memory by used memory; null where the server does not tell. */
  fragmentation: number | null;
}

/** Replication as the connected server sees it; of a Cluster, sums and the worst. */
export interface RedisReplication {
  role: 'primary' | 'replica';
  connectedReplicas: number;
  /** Seconds since the slowest replica, or the primary of a replica, was last heard; null where there is none. */
  lagSeconds: number | null;
}

export interface ServerState {
  version: string | null;
  memory: RedisMemory;
  replication: RedisReplication;
}

type Fields = ReadonlyMap<string, string>;

/** Reads the answer of INFO. */
export function parseInfo(text: string): ServerState {
  const fields: Fields = new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 && !line.startsWith('#') ? [[line.slice(0, colon), line.slice(colon + 1)]] : [];
    }),
  );
  return {
    version: fields.get('redis_version') ?? null,
    memory: memoryOf(fields),
    replication: roleOf(fields),
  };
}

function memoryOf(fields: Fields): RedisMemory {
  const usedBytes = numberOf(fields, 'used_memory') ?? 0;
  const maxBytes = numberOf(fields, 'maxmemory') || null;
  // Buffers of replicas and of the append-only file do not count against the limit.
  const counted = usedBytes - (numberOf(fields, 'mem_not_counted_for_evict') ?? 0);
  return {
    usedBytes,
    maxBytes,
    percent: maxBytes === null ? null : Math.round((counted / maxBytes) * 1_000) / 10,
    policy: fields.get('maxmemory_policy') ?? null,
    fragmentation: numberOf(fields, 'mem_fragmentation_ratio'),
  };
}

function roleOf(fields: Fields): RedisReplication {
  if (fields.get('role') === 'slave') {
    const silence = numberOf(fields, 'master_last_io_seconds_ago');
    const lagSeconds = silence !== null && silence >= 0 ? silence : null;
    return { role: 'replica', connectedReplicas: 0, lagSeconds };
  }
  const lags = [...fields].flatMap(([name, value]) => {
    const lag = /^slave\d+$/.test(name) ? /\blag=(\d+)/.exec(value)?.[1] : undefined;
    return lag === undefined ? [] : [Number(lag)];
  });
  return {
    role: 'primary',
    connectedReplicas: numberOf(fields, 'connected_slaves') ?? 0,
    lagSeconds: lags.length ? Math.max(...lags) : null,
  };
}

function numberOf(fields: Fields, name: string): number | null {
  const value = Number(fields.get(name) ?? Number.NaN);
  return Number.isNaN(value) ? null : value;
}

/** One state for all primaries of a Cluster; undefined for none. */
export function combineStates(states: readonly ServerState[]): ServerState | undefined {
  const [first] = states;
  if (!first || states.length === 1) return first;
  const memories = states.map(({ memory }) => memory);
  const replications = states.map(({ replication }) => replication);
  const limits = memories.map(({ maxBytes }) => maxBytes);
  return {
    version: first.version,
    memory: {
      usedBytes: sum(memories.map(({ usedBytes }) => usedBytes)),
      maxBytes: limits.includes(null) ? null : sum(limits.map((limit) => limit ?? 0)),
      percent: worst(memories.map(({ percent }) => percent)),
      policy: first.memory.policy,
      fragmentation: worst(memories.map(({ fragmentation }) => fragmentation)),
    },
    replication: {
      role: first.replication.role,
      connectedReplicas: sum(replications.map(({ connectedReplicas }) => connectedReplicas)),
      lagSeconds: worst(replications.map(({ lagSeconds }) => lagSeconds)),
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length ? Math.max(...known) : null;
}
