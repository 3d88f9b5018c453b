import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ServerSettings } from '../http/server.settings.js';

/** In this order, and never back. */
const PHASES = ['serving', 'leaving', 'draining', 'closing'] as const;
type Phase = (typeof PHASES)[number];

/** Of the grace, for storing what was cut short and for closing everything. */
const CLOSING_MS = 5_000;

/**
 * How far this process is on its way out (contract 2.12). Whoever refuses, waits or says goodbye because of it asks here;
 * `drain` in src/bootstrap.ts is what leads through the phases.
 */
@Injectable()
export class Shutdown implements OnModuleDestroy {
  private phase: Phase = 'serving';
  private begunAt = 0;

  constructor(private readonly settings: ServerSettings) {}

  /** Serves everything, and says that requests should go elsewhere. */
  get leaving(): boolean {
    return this.reached('leaving');
  }

  /** Takes on nothing that lasts: no generation, no handshake. */
  get draining(): boolean {
    return this.reached('draining');
  }

  /** Finishes the requests that it has, refuses others. */
  get closing(): boolean {
    return this.reached('closing');
  }

  /** Milliseconds that what is running may go on for before it must be stored as far as it got. */
  get workMs(): number {
    if (!this.leaving) return Infinity;
    return Math.max(0, this.begunAt + this.settings.shutdownGraceMs - CLOSING_MS - performance.now());
  }

  /** Goes on to a phase; one that is behind stays so. */
  enter(phase: Phase): void {
    if (this.phase === 'serving') this.begunAt = performance.now();
    if (!this.reached(phase)) this.phase = phase;
  }

  /** An application that is closed without having been drained. */
  onModuleDestroy(): void {
    this.enter('draining');
  }

  private reached(phase: Phase): boolean {
    return PHASES.indexOf(this.phase) >= PHASES.indexOf(phase);
  }
}
