import { check, type Findings } from './checker.js';
import type { EvictRecord, LoadRecord, ReadRecord, StallRecord } from './children/history.js';

const PROMISES = { deadlineMs: 50, patienceMs: 0, trustMs: 2_000, slackMs: 5 };
const ENTRY = { process: 0, cache: 'c', key: 'k' };

const read = (given: Partial<ReadRecord>): ReadRecord => ({
  ...ENTRY,
  start: 1_000,
  end: 1_001,
  version: 1,
  own: false,
  cutOff: false,
  ...given,
});
const evict = (given: Partial<EvictRecord>): EvictRecord => ({
  ...ENTRY,
  process: 1,
  at: 900,
  version: 2,
  outcome: 'applied',
  ...given,
});
const judge = (
  reads: ReadRecord[],
  evicts: EvictRecord[],
  loads: LoadRecord[] = [],
  stalls: StallRecord[] = [],
): Findings => check({ reads, evicts, loads, stalls }, PROMISES);

/** Names of the lists that hold something. */
const found = (findings: Findings): string[] =>
  Object.entries(findings).flatMap(([name, list]) => (Array.isArray(list) && list.length > 0 ? [name] : []));

describe('the checker of chaos runs', () => {
  it('finds nothing where every read shows what was evicted before it', () => {
    expect(found(judge([read({ version: 2 }), read({ start: 800, end: 801 })], [evict({})]))).toEqual([]);
  });

  it('finds a read after an applied evict that shows what was before', () => {
    expect(judge([read({})], [evict({})]).stale).toEqual([
      { read: read({}), expected: { version: 2, at: 900 } },
    ]);
  });

  it('holds only those evicts against a read that came before it began, and concern its entry', () => {
    const others = [evict({ at: 1_000.5 }), evict({ key: 'other' }), evict({ cache: 'other' })];
    expect(found(judge([read({})], others))).toEqual([]);
  });

  it('holds no pending evict against another process', () => {
    expect(found(judge([read({})], [evict({ outcome: 'pending' })]))).toEqual([]);
  });

  it('is not misled by evicts that are answered in another order than their commits', () => {
    const evicts = [evict({ at: 800, version: 3 }), evict({ at: 900, version: 2 })];
    expect(judge([read({ version: 2 })], evicts).stale).toHaveLength(1);
  });

  it('holds every own evict against a process, also a pending one, also of its own copy', () => {
    for (const own of [false, true]) {
      const findings = judge([read({ own })], [evict({ process: 0, outcome: 'pending' })]);
      expect(found(findings)).toEqual(['staleAfterOwn']);
    }
  });

  it('counts reads of processes that knew they were cut off apart', () => {
    expect(found(judge([read({ cutOff: true })], [evict({})]))).toEqual(['staleCutOff']);
  });

  it('allows own copies to be behind for as long as they are trusted, and no longer', () => {
    const behind = judge([read({ own: true, start: 2_904, end: 2_904 })], [evict({})]);
    expect(found(behind)).toEqual([]);
    expect(behind.copyBehindMs).toBe(2_004);
    expect(found(judge([read({ own: true, start: 2_906, end: 2_906 })], [evict({})]))).toEqual([
      'staleCopies',
    ]);
  });

  it('finds errors and values that are none', () => {
    const reads = [read({ fault: 'Error: no' }), read({ version: undefined })];
    expect(judge(reads, []).faulty).toHaveLength(2);
  });

  it('finds calls that took longer than the deadline', () => {
    expect(judge([read({ end: 1_056 })], []).late).toEqual([{ read: read({ end: 1_056 }), tookMs: 56 }]);
    expect(found(judge([read({ end: 1_054 })], []))).toEqual([]);
  });

  it('counts calls apart that took no longer than a lost load is waited for', () => {
    const patient = { ...PROMISES, patienceMs: 40 };
    const history = { reads: [read({ end: 1_094 })], evicts: [], loads: [], stalls: [] };
    expect(found(check(history, patient))).toEqual(['patient']);
    expect(found(check({ ...history, reads: [read({ end: 1_096 })] }, patient))).toEqual(['late']);
  });

  it('subtracts loads of the entry and stalls of the process, each moment once', () => {
    const load = { ...ENTRY, process: 1, start: 990, end: 1_060 };
    const stall = { process: 0, start: 1_050, end: 1_100 };
    expect(found(judge([read({ end: 1_150 })], [], [load], [stall]))).toEqual([]);
    expect(judge([read({ end: 1_160 })], [], [load], [stall]).late).toEqual([
      { read: read({ end: 1_160 }), tookMs: 60 },
    ]);
  });

  it('subtracts no loads of other entries and no stalls of other processes', () => {
    const load = { ...ENTRY, key: 'other', start: 1_000, end: 1_060 };
    const stall = { process: 1, start: 1_000, end: 1_100 };
    expect(judge([read({ end: 1_060 })], [], [load], [stall]).late).toHaveLength(1);
  });
});
