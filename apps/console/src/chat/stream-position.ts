import type { LiveEvent } from '../api/api.types.js';

/** How much of a conversation's stream has been seen. */
export interface StreamPosition {
  epoch: string;
  seq: number;
}

/** next: apply it. seen: it was applied before. lost: events between are missing, or the stream began anew. */
export function placeOf(position: StreamPosition, { epoch, seq }: LiveEvent): 'next' | 'seen' | 'lost' {
  // Ephemeral events have no place.
  if (seq === null) return 'next';
  if (epoch !== position.epoch) return 'lost';
  if (seq <= position.seq) return 'seen';
  return seq === position.seq + 1 ? 'next' : 'lost';
}
