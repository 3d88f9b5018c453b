import { BytesUnderWay } from './bytes-under-way.js';
import type { Fact } from './event-log.js';
import type { EventLog } from './event-log.service.js';
import type { OutboxRows } from './event-outbox.rows.js';

/** Read and told at once: after a long outage there may be more than a process can hold. */
const AT_ONCE = 200;
/** Answered in time over a slow link, too: the log would be taken for hung if all that waits were sent at once. */
const BYTES_UNDER_WAY = 64 * 1_024;
/** Others tell, and logs are lost, while one finds out what is missing. */
const ATTEMPTS = 3;

interface Waiting {
  readonly fact: Fact;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tells facts to the log, those of a stream by one at a time: what comes while others are on their way goes together
 * after them. Were each told by itself, all behind a slow one would find that the log lacks what they follow and tell
 * that, too: work that grows with the square of their number.
 */
export class FactTeller {
  private readonly waiting = new Map<string, Waiting[]>();
  private readonly underWay = new BytesUnderWay(BYTES_UNDER_WAY);

  /** @param onTold called with each fact that the shared log has, whoever told it */
  constructor(
    private readonly log: Pick<EventLog, 'tell'>,
    private readonly rows: Pick<OutboxRows, 'between'>,
    private readonly onTold: (fact: Fact) => void,
  ) {}

  /** Resolves when the log has it, or only this process while the shared one is away. */
  tell(fact: Fact): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.waiting.get(fact.stream);
      const mine = { fact, resolve, reject };
      if (waiting) {
        waiting.push(mine);
        return;
      }
      const first = [mine];
      this.waiting.set(fact.stream, first);
      void this.tellWaiting(fact.stream, first);
    });
  }

  /** Never rejects: those who wait are told. */
  private async tellWaiting(stream: string, waiting: Waiting[]): Promise<void> {
    // What a transaction tells of the same stream comes in the same turn.
    await Promise.resolve();
    while (waiting.length > 0) {
      waiting.sort((a, b) => a.fact.fact - b.fact.fact);
      const batch = waiting.splice(0, AT_ONCE);
      try {
        await this.tellInOrder(batch.map(({ fact }) => fact));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.waiting.delete(stream);
  }

  private async tellInOrder(facts: readonly Fact[]): Promise<void> {
    let behind = await this.send(facts);
    for (let attempt = 1; behind; attempt++) {
      if (attempt > ATTEMPTS)
        throw new Error(`The log of ${behind.stream} lacks what fact ${behind.fact} follows.`);
      behind = await this.sendWithEarlier(behind);
    }
  }

  /** @returns the newest, when the log refused one because it lacks an earlier one: what is before the newest is missing */
  private async send(facts: readonly Fact[]): Promise<Fact | undefined> {
    for (const { together, bytes } of windows(facts)) {
      if (!(await this.underWay.during(bytes, () => this.sendTogether(together)))) return facts.at(-1);
    }
    return undefined;
  }

  /**
   * All on their way before the first answer; each names the one it follows, so that the log takes none without it.
   * @returns whether it lacked no earlier one
   */
  private async sendTogether(facts: readonly Fact[]): Promise<boolean> {
    const tellings = await Promise.allSettled(facts.map((fact) => this.log.tell(fact)));
    let complete = true;
    for (const [at, telling] of tellings.entries()) {
      if (telling.status === 'rejected') throw telling.reason;
      if (telling.value === 'behind') complete = false;
      else if (telling.value !== 'kept') this.onTold(facts[at]!);
    }
    return complete;
  }

  /** Whatever waits before it, also of other processes, and then the fact. */
  private async sendWithEarlier(fact: Fact): Promise<Fact | undefined> {
    let before: number | undefined;
    for (let more = true; more;) {
      const earlier = await this.rows.between(before ?? 0, fact, AT_ONCE);
      const following = earlier.map((one, at) => ({
        ...one,
        follows: at === 0 ? before : earlier[at - 1]!.fact,
      }));
      if (await this.send(following)) return fact;
      before = earlier.at(-1)?.fact ?? before;
      more = earlier.length === AT_ONCE;
    }
    return this.send([{ ...fact, follows: before }]);
  }
}

/** In their order, as many together as may be under way, and at least one. */
function windows(facts: readonly Fact[]): { together: Fact[]; bytes: number }[] {
  const found: { together: Fact[]; bytes: number }[] = [];
  for (const fact of facts) {
    const bytes = Buffer.byteLength(JSON.stringify(fact));
    const last = found.at(-1);
    if (last && last.bytes + bytes <= BYTES_UNDER_WAY) {
      last.together.push(fact);
      last.bytes += bytes;
    } else found.push({ together: [fact], bytes });
  }
  return found;
}
