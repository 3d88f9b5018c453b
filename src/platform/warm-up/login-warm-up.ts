import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { declaredWarmers, type WarmMethod } from './warms-at-login.decorator.js';

/** Of people: each takes about as many connections of the database as there are methods. */
const AT_ONCE = 2;
/** Further people are left out: when so many log in at once, the database has better things to do. */
const WAITING = 200;
/** Of one person. What takes longer goes on, and others no longer wait for it. */
const DEADLINE_MS = 5_000;

interface Warmer {
  readonly name: string;
  readonly warm: WarmMethod;
}

/** What features read ahead for a person who has just logged in. */
@Injectable()
export class LoginWarmUp implements OnModuleInit, OnApplicationShutdown {
  private readonly log = new Logger(LoginWarmUp.name);
  private readonly warmers: Warmer[] = [];
  /** Once each, however often somebody logs in. */
  private readonly waiting = new Set<string>();
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance === 'object' && instance !== null) this.register(instance as object);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.waiting.clear();
    await this.settled();
  }

  /** In the background; never throws. */
  warm(userId: string): void {
    if (this.waiting.size >= WAITING) return;
    this.waiting.add(userId);
    this.next();
  }

  /** Until nobody is being warmed for. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.race(this.running);
  }

  private next(): void {
    const [userId] = this.waiting;
    if (userId === undefined || this.running.size >= AT_ONCE) return;
    this.waiting.delete(userId);
    const warming = this.warmAll(userId).finally(() => {
      this.running.delete(warming);
      this.next();
    });
    this.running.add(warming);
  }

  /** Never rejects. */
  private async warmAll(userId: string): Promise<void> {
    const all = Promise.all(this.warmers.map((warmer) => this.try(warmer, userId)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.log.warn('Warming after a login takes long; others no longer wait for it');
        resolve();
      }, DEADLINE_MS);
    });
    await Promise.race([all, late]);
    clearTimeout(timer);
  }

  private async try({ name, warm }: Warmer, userId: string): Promise<void> {
    try {
      await warm(userId);
    } catch (error) {
      this.log.warn({ err: error, warmer: name }, 'Warming after a login failed');
    }
  }

  private register(instance: object): void {
    // By name at each call: the caching decorators wrap methods after they were registered.
    const methods = instance as Record<string, WarmMethod>;
    for (const method of declaredWarmers(instance)) {
      const name = `${instance.constructor.name}.${method}`;
      this.warmers.push({ name, warm: (userId) => methods[method]!.call(instance, userId) });
    }
  }
}
