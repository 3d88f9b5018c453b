import type { BusMessage } from './bus-message.js';

/** Who hears what happened in the tier that the instances share. */
export interface BusListener {
  onMessage(message: BusMessage): void;
  /** Notices may have been lost: what was kept because none came is void. */
  onLost(): void;
}

/** Carries notices of evicts to every instance, and wakes to those who wait for an entry. */
export interface Bus {
  /** Whether other instances may be there at all. */
  readonly isShared: boolean;
  /** Moves with every gap in the notices: what was learnt from them before is void. */
  readonly era: number;
  /** Whether there is proof that every notice sent more than a moment ago has arrived. */
  inStep(now: number): boolean;
}
