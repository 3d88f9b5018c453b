import type { Fact, Telling } from './event-log.js';
import { MemoryOutboxRows } from './event-outbox.rows.js';
import { FactTeller } from './fact-teller.js';
import { MemoryEventLog } from './memory-event-log.js';

type Answer = Telling | 'kept';

/** A log that notes what it is told, and answers something else where a test says so. */
class ScriptedLog {
  readonly memory = new MemoryEventLog();
  readonly calls: Fact[] = [];
  /** By the number of the call, the first is 1. */
  script: (call: number, fact: Fact) => Promise<Answer | undefined> | Answer | undefined = () => undefined;

  tell(fact: Fact): Promise<Answer> {
    this.calls.push(fact);
    const scripted = this.script(this.calls.length, fact);
    if (scripted === undefined) return this.memory.tell(fact);
    return Promise.resolve(scripted).then((answer) => answer ?? this.memory.tell(fact));
  }

  async has(stream = 'a'): Promise<unknown[]> {
    const { events } = await this.memory.read(stream, { after: 0, limit: 10_000 });
    return events.map(({ data }) => data);
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('FactTeller', () => {
  let log: ScriptedLog;
  let rows: MemoryOutboxRows;
  let told: number[];
  let teller: FactTeller;
  beforeEach(() => {
    log = new ScriptedLog();
    rows = new MemoryOutboxRows();
    told = [];
    teller = new FactTeller(log, rows, ({ fact }) => told.push(fact));
  });

  /** Facts that wait in the outbox; those of one stream only, numbered from 1. */
  const committed = (data: readonly unknown[], stream = 'a'): Promise<Fact[]> =>
    rows.add(data.map((one) => ({ stream, id: 'id', ts: 'ts', type: 'said', data: one })));
  const tellAll = (facts: readonly Fact[]): Promise<PromiseSettledResult<void>[]> =>
    Promise.allSettled(facts.map((fact) => teller.tell(fact)));
  const sent = (): [number, number | undefined][] => log.calls.map(({ fact, follows }) => [fact, follows]);

  /** The calls wait until they are let go. */
  const holdBack = (): { go: () => void } => {
    let go: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (go = resolve));
    log.script = () => gone.then(() => undefined);
    return { go };
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('tells together, and in their order, what comes while another of the stream is on its way', async () => {
    const facts = await committed([1, 2, 3, 4]);
    const held = holdBack();
    const first = teller.tell(facts[0]!);
    await turn();
    const others = tellAll([facts[3]!, facts[1]!, facts[2]!]);
    await turn();
    expect(sent()).toEqual([[1, undefined]]);
    held.go();
    await Promise.all([first, others]);
    expect(sent()).toEqual([
      [1, undefined],
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
    expect(await log.has()).toEqual([1, 2, 3, 4]);
  });

  it('resolves only when the log has answered', async () => {
    const [fact] = await committed([1]);
    const held = holdBack();
    let resolved = false;
    const telling = teller.tell(fact!).then(() => (resolved = true));
    await turn();
    expect(resolved).toBe(false);
    held.go();
    await telling;
    expect(told).toEqual([1]);
  });

  it('tells also those that come when all before are told', async () => {
    const facts = await committed([1, 2]);
    await teller.tell(facts[0]!);
    await teller.tell(facts[1]!);
    expect(await log.has()).toEqual([1, 2]);
  });

  it('tells first what the log lacks, each after the one before it', async () => {
    const facts = await committed([1, 2, 3, 4]);
    await teller.tell(facts[3]!);
    expect(sent()).toEqual([
      [4, 3],
      [1, undefined],
      [2, 1],
      [3, 2],
      [4, 3],
    ]);
    expect(await log.has()).toEqual([1, 2, 3, 4]);
    expect(told).toEqual([1, 2, 3, 4]);
  });

  it('reads what the log lacks page by page, the first of a page after the last of the one before', async () => {
    const facts = await committed(numbers(450));
    const between = jest.spyOn(rows, 'between');
    await teller.tell(facts[449]!);
    expect(await log.has()).toEqual(numbers(450));
    expect(between.mock.calls.map(([after, , limit]) => [after, limit])).toEqual([
      [0, 200],
      [200, 200],
      [400, 200],
    ]);
    expect(log.calls.slice(1).map(({ follows }) => follows)).toEqual([undefined, ...numbers(449)]);
  });

  it('begins again at once when the log is lost half-way', async () => {
    const facts = await committed(numbers(300));
    const between = jest.spyOn(rows, 'between');
    log.script = (call) => {
      if (call === 100) log.memory.clear();
      return undefined;
    };
    await teller.tell(facts[299]!);
    expect(await log.has()).toEqual(numbers(300));
    expect(between.mock.calls.map(([after]) => after)).toEqual([0, 0, 200]);
  });

  it('tells all of a batch in their order when only its newest finds out that the log was lost', async () => {
    const facts = await committed([1, 2, 3]);
    log.script = (call) => {
      if (call === 3) log.memory.clear();
      return undefined;
    };
    await tellAll(facts);
    expect(await log.has()).toEqual([1, 2, 3]);
  });

  it('begins again three times, not more', async () => {
    const facts = await committed([1, 2]);
    let losses = 3;
    log.script = (_call, { fact }) => (fact === 2 && losses-- > 0 ? 'behind' : undefined);
    await teller.tell(facts[1]!);
    expect(await log.has()).toEqual([1, 2]);

    log.script = (_call, { fact }) => (fact === 4 ? 'behind' : undefined);
    const more = await committed([3, 4]);
    log.calls.length = 0;
    await expect(teller.tell(more[1]!)).rejects.toThrow('The log of a lacks what fact 4 follows.');
    expect(log.calls.filter(({ fact }) => fact === 4)).toHaveLength(4);
  });

  it('says so to those whose facts the log refused, and goes on with the others', async () => {
    const [facts, others] = [await committed([1, 2, 3]), await committed(['b'], 'b')];
    const refusal = new Error('WRONGTYPE');
    log.script = (call, { fact }) => {
      if (call === 1) void later();
      return call <= 3 && fact === 1 ? Promise.reject(refusal) : undefined;
    };
    let third: Promise<void> | undefined;
    const later = async (): Promise<void> => {
      third = teller.tell(facts[2]!);
      await third;
    };
    const [first, second, other] = await tellAll([facts[0]!, facts[1]!, ...others]);
    expect(first).toEqual({ status: 'rejected', reason: refusal });
    expect(second).toEqual({ status: 'rejected', reason: refusal });
    expect(other).toMatchObject({ status: 'fulfilled' });
    await third;
    expect([await log.has('a'), await log.has('b')]).toEqual([[1, 2, 3], ['b']]);
  });

  it('tells of more than it takes at once, each once', async () => {
    const facts = await committed(numbers(450));
    const held = holdBack();
    const all = tellAll(facts);
    await turn();
    expect(log.calls).toHaveLength(200);
    held.go();
    await all;
    expect(sent()).toHaveLength(450);
    expect(await log.has()).toEqual(numbers(450));
    expect(told).toEqual(numbers(450));
  });

  it('does not call told what only this process has', async () => {
    const facts = await committed([1, 2]);
    log.script = (call) => (call === 2 ? 'kept' : undefined);
    await tellAll(facts);
    expect(told).toEqual([1]);
  });

  describe('over a slow link', () => {
    const MOST = 64 * 1_024;
    const long = 'ü'.repeat(10_000);
    let underWay: Map<Fact, number>;
    let most: number;
    let answers: (() => void)[];
    beforeEach(() => {
      underWay = new Map();
      answers = [];
      most = 0;
      log.script = async (_call, fact) => {
        underWay.set(fact, Buffer.byteLength(JSON.stringify(fact)));
        most = Math.max(
          most,
          [...underWay.values()].reduce((sum, bytes) => sum + bytes, 0),
        );
        await new Promise<void>((resolve) => answers.push(resolve));
        underWay.delete(fact);
        return undefined;
      };
    });

    /** Answers until nothing is asked any more. */
    const answerAll = async (): Promise<void> => {
      for (await turn(); answers.length > 0; await turn()) for (const answer of answers.splice(0)) answer();
    };

    it('has no more bytes under way than are answered in time, whether of one stream or of many', async () => {
      const facts = await committed(numbers(20).map(() => long));
      for (const n of numbers(20)) facts.push(...(await committed([long], `b${n}`)));
      const all = tellAll(facts);
      await answerAll();
      expect(await all).toHaveLength(40);
      expect(told).toHaveLength(40);
      expect(most).toBeLessThanOrEqual(MOST);
      expect(most).toBeGreaterThan(MOST / 2);
    });

    it('sends one that is longer than that by itself', async () => {
      const facts = await committed(['short', long.repeat(5), 'short again']);
      const all = tellAll(facts);
      await turn();
      expect([...underWay.keys()]).toEqual([facts[0]]);
      answers.pop()!();
      await turn();
      expect([...underWay.keys()]).toEqual([facts[1]]);
      await answerAll();
      await all;
      expect(told).toEqual([1, 2, 3]);
    });

    it('lets a stream with much to tell keep no other one waiting, first come, first served', async () => {
      const facts = await committed(numbers(20).map(() => long));
      for (const name of ['b', 'c', 'd']) facts.push(...(await committed([long, long, long], name)));
      const all = tellAll(facts);
      await answerAll();
      await all;
      const windows = log.calls.map(({ stream }) => stream).join('');
      expect(windows).toMatch(/^aaabbbcccdddaaa/);
    });

    it('goes on with the room of what was refused', async () => {
      const facts = await committed([long, long, long]);
      const later = await committed([long, long, long], 'b');
      const script = log.script;
      log.script = (call, fact) =>
        fact.stream === 'a' ? Promise.reject(new Error('no')) : script(call, fact);
      const all = tellAll([...facts, ...later]);
      await answerAll();
      expect((await all).map(({ status }) => status).sort()).toEqual([
        ...Array.from({ length: 3 }, () => 'fulfilled'),
        ...Array.from({ length: 3 }, () => 'rejected'),
      ]);
    });
  });
});
