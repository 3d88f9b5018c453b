import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { Job } from './job.js';
import { jobEndingsOf, jobHandlersOf, jobMovesOf, type JobOptions } from './job-handler.decorator.js';
import type { RunningJob } from './running-job.js';

export interface RegisteredHandler {
  options: Required<JobOptions>;
  run: (job: RunningJob) => Promise<unknown>;
}

type Listeners = Map<string, ((job: Job) => Promise<unknown>)[]>;
type Methods = Record<string, (job: unknown) => Promise<unknown>>;

/** The kinds of jobs that the features of this process can run. */
@Injectable()
export class JobHandlers implements OnModuleInit {
  private readonly handlers = new Map<string, RegisteredHandler>();
  private readonly endings: Listeners = new Map();
  private readonly moves: Listeners = new Map();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance === 'object' && instance !== null) this.register(instance as object);
    }
  }

  /** @throws for a kind that nobody handles: its job would wait for ever */
  get(kind: string): RegisteredHandler {
    const handler = this.handlers.get(kind);
    if (handler) return handler;
    throw new Error(`Nobody handles jobs of the kind "${kind}"; declare one with @JobHandler.`);
  }

  get kinds(): readonly string[] {
    return [...this.handlers.keys()];
  }

  /** Inside the transaction that ends the job. */
  async ended(job: Job): Promise<void> {
    for (const hear of this.endings.get(job.kind) ?? []) await hear(job);
  }

  /** Inside the transaction in which a worker takes it or gives it back. */
  async moved(job: Job): Promise<void> {
    for (const hear of this.moves.get(job.kind) ?? []) await hear(job);
  }

  private register(instance: object): void {
    const methods = instance as Methods;
    for (const { kind, method, options } of jobHandlersOf(instance)) {
      if (this.handlers.has(kind))
        throw new Error(`Two handlers for jobs of the kind "${kind}"; rename one.`);
      this.handlers.set(kind, { options, run: (job) => call(methods, method, job) });
    }
    const listen = (to: Listeners, declared: ReturnType<typeof jobEndingsOf>): void => {
      for (const { kind, method } of declared)
        to.set(kind, [...(to.get(kind) ?? []), (job) => call(methods, method, job)]);
    };
    listen(this.endings, jobEndingsOf(instance));
    listen(this.moves, jobMovesOf(instance));
  }
}

/** By its name at each call: the caching decorators wrap methods after they were registered. */
const call = (methods: Methods, method: string, job: unknown): Promise<unknown> =>
  (methods[method] as Methods[string]).call(methods, job);
