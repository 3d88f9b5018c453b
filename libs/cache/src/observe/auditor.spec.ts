import { CacheEngine } from '../cache-engine.js';
import { defineCache } from '../declare/cache-declaration.js';
import { memoryBackend } from '../memory-backend.js';
import { handleOf } from '../testing/cache.contract.js';
import { VirtualClock } from '../testing/virtual-clock.js';
import type { AuditFinding } from './auditor.js';

const items = defineCache<[id: string], { n: number; at: Date }>({
  name: 'item',
  key: (id) => [id],
  ttl: '1h',
});
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the audit', () => {
  let clock: VirtualClock;
  let engine: CacheEngine;
  let findings: AuditFinding[];
  let source: number;
  const at = new Date(0);
  const load = async (): Promise<{ n: number; at: Date }> => ({ n: source, at: new Date(at) });
  const read = (): Promise<{ n: number }> => handleOf(engine, items).getOrLoad(['a'], load);
  const pass = async (ms: number): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) await settle();
    clock.advance(ms);
    for (let turn = 0; turn < 3; turn++) await settle();
  };

  beforeEach(() => {
    clock = new VirtualClock();
    findings = [];
    source = 1;
    const onStale = (finding: AuditFinding): void => void findings.push(finding);
    engine = new CacheEngine({ backend: memoryBackend(100, clock), audit: { share: 1, onStale } });
  });

  afterEach(() => engine.stop());

  it('finds an answer that nobody evicted, with its age, after it was wrong twice', async () => {
    await read();
    source = 2;
    await pass(120_000);
    expect(await read()).toEqual({ n: 1, at });
    await pass(0);
    expect(findings).toEqual([]);
    await pass(1_000);
    expect(findings).toEqual([
      { cache: 'item', key: 'a', cached: { n: 1, at }, source: { n: 2, at }, ageMs: 121_000 },
    ]);
    const { audit } = engine.stats();
    expect(audit).toMatchObject({ checked: 1, stale: 1, unknown: 0 });
    expect(audit!.byAge.find(({ stale }) => stale > 0)!.upToMs).toBe(600_000);
  });

  it('says nothing of an answer that is right, or that is evicted before it is looked at again', async () => {
    await read();
    await read();
    await pass(0);
    expect(engine.stats().audit).toMatchObject({ checked: 1, stale: 0 });
    source = 2;
    await read();
    await pass(0);
    await handleOf(engine, items).evict(['a']);
    await pass(1_000);
    expect(findings).toEqual([]);
    expect(engine.stats().audit).toMatchObject({ checked: 1, stale: 0, unknown: 1 });
  });

  it('does not run after a miss, and takes a failing source for unknown', async () => {
    await read();
    await pass(1_000);
    expect(engine.stats().audit).toMatchObject({ checked: 0, unknown: 0 });
    await handleOf(engine, items).getOrLoad(['a'], async () => {
      throw new Error('source is down');
    });
    await pass(1_000);
    expect(engine.stats().audit).toMatchObject({ checked: 0, unknown: 1 });
  });

  it('refuses a share that is none', () => {
    expect(() => new CacheEngine({ audit: { share: 2 } })).toThrow('audit.share must be from 0 to 1');
  });
});
