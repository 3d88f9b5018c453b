import { describeFault, faultOf, refusesAll, refusesWrites } from './redis-fault.js';

describe('the fault that an error stands for', () => {
  it.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', 'wrong-password'],
    ['Ready check failed: NOAUTH Authentication required.', 'wrong-password'],
    ["READONLY You can't write against a read only replica. script: abc, on @user_script:1.", 'read-only'],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ['CLUSTERDOWN Hash slot not served', 'cluster-down'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'cluster-down'],
    [
      "OOM command not allowed when used memory > 'maxmemory'. script: abc, on @user_script:1.",
      'out-of-memory',
    ],
    ['ERR Error running script: -OOM command not allowed when used memory', 'out-of-memory'],
    ['MISCONF Redis is configured to save RDB snapshots', 'cannot-persist'],
    ['NOREPLICAS Not enough good replicas to write.', 'too-few-replicas'],
    ['Command timed out', 'no-answer'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'unreachable'],
    ['Connection is closed.', 'unreachable'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'unreachable'],
    ["Cluster isn't ready and enableOfflineQueue options is false", 'unreachable'],
    ['All sentinels are unreachable. Retrying from scratch after 50ms.', 'unreachable'],
  ])('%s', (message, code) => {
    expect(faultOf(new Error(message))?.code).toBe(code);
  });

  it('is the last node’s, when all nodes of a Cluster failed', () => {
    const lastNodeError = new Error('NOAUTH Authentication required.');
    expect(faultOf(Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError }))?.code).toBe(
      'wrong-password',
    );
  });

  it('is the code of an error without words', () => {
    expect(faultOf(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))?.code).toBe('unreachable');
  });

  it('is none for what concerns one command only', () => {
    for (const message of [
      'WRONGTYPE Operation against a key holding the wrong kind of value',
      'NOSCRIPT No matching script.',
      'NOPERM this user has no permissions to run the command',
      'ERR syntax error',
      "CROSSSLOT Keys in request don't hash to the same slot",
    ]) {
      expect(faultOf(new Error(message))).toBeUndefined();
    }
  });

  it('refuses all, or writes, or neither, and says what mends it', () => {
    const of = (message: string) => faultOf(new Error(message)) as NonNullable<ReturnType<typeof faultOf>>;
    const oom = of("OOM command not allowed when used memory > 'maxmemory'.");
    expect([refusesAll(oom), refusesWrites(oom)]).toEqual([false, true]);
    expect(describeFault(oom)).toContain('raise maxmemory');
    const replica = of('READONLY');
    expect([refusesAll(replica), refusesWrites(replica)]).toEqual([true, false]);
    const gone = of('connect ECONNREFUSED 127.0.0.1:6379');
    expect([refusesAll(gone), refusesWrites(gone), describeFault(gone)]).toEqual([
      false,
      false,
      'connect ECONNREFUSED 127.0.0.1:6379',
    ]);
  });
});
