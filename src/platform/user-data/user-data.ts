import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import {
  declaredErasures,
  declaredExports,
  type EraseMethod,
  type ExportMethod,
} from './user-data.decorators.js';

export interface ExportSource {
  readonly name: string;
  readonly export: ExportMethod;
}

export interface ErasureSource {
  readonly name: string;
  readonly step: number;
  readonly erase: EraseMethod;
}

/** What each feature says about the data of people: how they take it along, and how it goes. */
@Injectable()
export class UserData implements OnModuleInit {
  private exporters: ExportSource[] = [];
  private erasers: ErasureSource[] = [];

  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance === 'object' && instance !== null) this.register(instance as object);
    }
    this.exporters = inOrder(this.exporters, ({ name }) => name);
    this.erasers = inOrder(this.erasers, ({ step, name }) => `${String(step).padStart(6, '0')} ${name}`);
  }

  /** In the order of their names, the same in every process. */
  get exports(): readonly ExportSource[] {
    return this.exporters;
  }

  /** In the order of their steps. */
  get erasures(): readonly ErasureSource[] {
    return this.erasers;
  }

  private register(instance: object): void {
    // By name at each call: the caching decorators wrap methods after they were registered.
    const methods = instance as Record<string, (...args: unknown[]) => Promise<never>>;
    for (const { name, method } of declaredExports(instance)) {
      this.exporters.push({ name, export: (...args) => methods[method]!.call(instance, ...args) });
    }
    for (const { name, step, method } of declaredErasures(instance)) {
      this.erasers.push({ name, step, erase: (userId) => methods[method]!.call(instance, userId) });
    }
  }
}

function inOrder<T extends { name: string }>(sources: T[], keyOf: (source: T) => string): T[] {
  const names = new Set<string>();
  for (const { name } of sources) {
    if (names.has(name)) throw new Error(`Two sources of user data are named "${name}"; rename one.`);
    names.add(name);
  }
  return sources.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
