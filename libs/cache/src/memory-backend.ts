import type { CacheBackend } from './backend.js';
import type { Bus, BusListener } from './bus/bus.js';
import { parseMessage } from './bus/bus-message.js';
import { systemClock, type Clock } from './clock.js';
import { MemoryStore } from './tiers/memory-store.js';
import { MemoryTier } from './tiers/memory-tier.js';

const INSTANCE = 'self';

/** Everything within the process: the same leases, holds and marks, without anybody to share them with. */
export function memoryBackend(maxEntries: number, clock: Clock = systemClock): CacheBackend {
  const store = new MemoryStore(maxEntries, clock);
  const bus: Bus = { isShared: false, era: 0, inStep: () => true };
  return {
    tier: new MemoryTier(store, INSTANCE),
    bus,
    clock,
    keys: async function* keys(prefix) {
      yield store.keys(prefix);
    },
    start: async (listener: BusListener) =>
      store.subscribe(INSTANCE, (text) => {
        const message = parseMessage(text, INSTANCE);
        if (message) listener.onMessage(message);
      }),
    stop: () => store.unsubscribe(INSTANCE),
  };
}
