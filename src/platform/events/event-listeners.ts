import type { DeliveredEvent, EventListener } from './event-log.js';

/** Who is told of events: those that hear everything, and those that hear one stream, found without asking the others. */
export class EventListeners {
  private readonly all = new Set<EventListener>();
  private readonly ofStream = new Map<string, Set<EventListener>>();

  add(listener: EventListener): () => void {
    this.all.add(listener);
    return () => this.all.delete(listener);
  }

  addTo(stream: string, listener: EventListener): () => void {
    const listeners = this.ofStream.get(stream) ?? new Set();
    this.ofStream.set(stream, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.ofStream.get(stream) === listeners) this.ofStream.delete(stream);
    };
  }

  tell(delivered: DeliveredEvent): void {
    for (const listener of this.all) listener(delivered);
    for (const listener of this.ofStream.get(delivered.event.stream) ?? []) listener(delivered);
  }

  clear(): void {
    this.all.clear();
    this.ofStream.clear();
  }
}
