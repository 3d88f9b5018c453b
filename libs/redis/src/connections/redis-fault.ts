/** What is wrong with Redis, for programs. */
export type RedisFaultCode =
  | 'unreachable'
  | 'no-answer'
  | 'wrong-password'
  | 'read-only'
  | 'loading'
  | 'cluster-down'
  | 'out-of-memory'
  | 'cannot-persist'
  | 'too-few-replicas';

/** What is wrong with Redis, and what mends it. */
export interface RedisFault {
  readonly code: RedisFaultCode;
  /** The server's or the network's own words. */
  readonly message: string;
  /** What to do, when waiting does not help. */
  readonly fix?: string;
}

interface Kind {
  code: RedisFaultCode;
  pattern: RegExp;
  fix?: string;
}

const CHECK_LOGIN = 'check the user and the password the service is given for Redis';

/** In the order they are tried; scripts and ready checks put their own words around the server's. */
const KINDS: readonly Kind[] = [
  { code: 'wrong-password', pattern: /\b(?:WRONGPASS|NOAUTH|ERR invalid password)\b/, fix: CHECK_LOGIN },
  {
    code: 'read-only',
    pattern: /\bREADONLY\b/,
    fix: 'it is a replica: name its primary, or use Sentinels so that the primary is found',
  },
  { code: 'loading', pattern: /\bLOADING\b/ },
  { code: 'cluster-down', pattern: /\b(?:CLUSTERDOWN|MASTERDOWN)\b/, fix: 'see CLUSTER INFO on its nodes' },
  {
    code: 'out-of-memory',
    pattern: /\bOOM command not allowed\b/,
    fix: 'raise maxmemory or choose another maxmemory-policy than noeviction',
  },
  {
    code: 'cannot-persist',
    pattern: /\bMISCONF\b/,
    fix: 'see its log: it cannot write its snapshot to disk',
  },
  { code: 'too-few-replicas', pattern: /\bNOREPLICAS\b/, fix: 'see min-replicas-to-write and its replicas' },
  { code: 'no-answer', pattern: /\bCommand timed out\b|\bno answer\b/ },
  { code: 'unreachable', pattern: /\bE[A-Z]{4,}\b|\bclosed\b|\bwriteable\b|\bisn't ready\b|unreachable/ },
];

/** Faults under which Redis answers and refuses only what would write. */
const REFUSED_WRITES = new Set<RedisFaultCode>(['out-of-memory', 'cannot-persist', 'too-few-replicas']);
/** Faults under which Redis answers, and is of no use. */
const REFUSED_ALL = new Set<RedisFaultCode>(['wrong-password', 'read-only', 'loading', 'cluster-down']);

/** The fault an error stands for; undefined for one that says nothing about Redis as a whole (`WRONGTYPE`). */
export function faultOf(error: Error & { code?: string; lastNodeError?: Error }): RedisFault | undefined {
  // A Cluster client says only that it failed everywhere, and keeps why.
  if (error.lastNodeError) return faultOf(error.lastNodeError);
  const message = error.message || error.code || error.name;
  const kind = KINDS.find(({ pattern }) => pattern.test(message));
  return kind && { code: kind.code, message, fix: kind.fix };
}

export const refusesWrites = ({ code }: RedisFault): boolean => REFUSED_WRITES.has(code);
export const refusesAll = ({ code }: RedisFault): boolean => REFUSED_ALL.has(code);

/** For log lines. */
export const describeFault = ({ message, fix }: RedisFault): string => (fix ? `${message}; ${fix}` : message);
