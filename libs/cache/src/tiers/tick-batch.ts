import { CallBudget } from './call-budget.js';

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly budget: CallBudget;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts what is asked for in the same turn of the event loop into one command: most of what a command costs this
 * process does not depend on how much it asks for.
 */
export class TickBatch<Request, Answer> {
  private waiting: Waiting<Request, Answer>[] = [];

  /** @param most - of one command, so that it does not hold the server up */
  constructor(
    private readonly run: (requests: readonly Request[], budget: CallBudget) => Promise<readonly Answer[]>,
    private readonly most: number,
  ) {}

  add(request: Request, budget: CallBudget): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const length = this.waiting.push({ request, budget, resolve, reject });
      if (length >= this.most) this.flush();
      // After everything that has arrived was dealt with: answers of a database come one by one, in one turn.
      else if (length === 1) setImmediate(this.flush);
    });
  }

  private readonly flush = (): void => {
    const all = this.waiting;
    if (all.length === 0) return;
    this.waiting = [];
    // A call that has little time left must not take the others' along.
    const halfMs = Math.max(...all.map(({ budget }) => budget.remainingMs)) / 2;
    const hasTime = ({ budget }: Waiting<Request, Answer>): boolean => budget.remainingMs >= halfMs;
    this.send(all.filter(hasTime));
    this.send(all.filter((waiting) => !hasTime(waiting)));
  };

  private send(batch: readonly Waiting<Request, Answer>[]): void {
    if (batch.length === 0) return;
    const allowedMs = Math.min(...batch.map(({ budget }) => budget.remainingMs));
    const shared = new CallBudget(allowedMs);
    const spend = (): void => {
      const spentMs = allowedMs - shared.remainingMs;
      for (const { budget } of batch) budget.spend(spentMs);
    };
    this.run(
      batch.map(({ request }) => request),
      shared,
    ).then(
      (answers) => {
        spend();
        for (const [at, { resolve }] of batch.entries()) resolve(answers[at]!);
      },
      (error: unknown) => {
        spend();
        for (const { reject } of batch) reject(error);
      },
    );
  }
}
