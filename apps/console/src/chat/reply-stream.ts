/** A reply that is on its way. */
export interface LiveReply {
  generationId: string;
  /** The user's message that is answered; unknown until the reply has started. */
  parentId?: string;
  text: string;
  /** Text was missed: what has come since does not join on. */
  gap: boolean;
}

interface Piece {
  /** UTF-16 units that come before this piece. */
  offset: number;
  text: string;
}

export const newReply = (generationId: string, parentId?: string): LiveReply => ({
  generationId,
  parentId,
  text: '',
  gap: false,
});

/**
 * Adds a piece where it belongs. A piece that is known already changes nothing, one that overlaps adds its end, and
 * one that lies ahead only marks the gap.
 */
export function withPiece(reply: LiveReply, { offset, text }: Piece): LiveReply {
  const known = reply.text.length - offset;
  if (known < 0) return reply.gap ? reply : { ...reply, gap: true };
  if (known >= text.length) return reply;
  return { ...reply, text: reply.text + text.slice(known), gap: false };
}

/** Takes the place of everything said so far, unless more is known already. */
export const withSnapshot = (reply: LiveReply, text: string): LiveReply =>
  text.length < reply.text.length ? reply : { ...reply, text, gap: false };
