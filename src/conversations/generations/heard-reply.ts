import type { EventLogStore, LogEvent } from '../../platform/events/event-log.js';
import { newId } from '../../platform/ids/ids.js';
import {
  endsReply,
  generationStream,
  REPLY_DELTA,
  REPLY_SNAPSHOT,
  REPLY_STARTED,
  startOf,
  type ReplyDelta,
} from '../conversations.events.js';
import type { GenerationEntity } from './generation.entity.js';

/** What clients have heard of a reply so far, up to the event `seq` of its stream; its end is not part of it. */
export interface HeardReply {
  epoch: string;
  seq: number;
  text: string;
}

/** Many times what is said between two heartbeats, so that stored text and these events always overlap. */
const TAIL_EVENTS = 1_000;

/** The text that the last heartbeat stored, and what the log has of the time since then. */
export async function heardOf(
  log: Pick<EventLogStore, 'read'>,
  { id, text }: Pick<GenerationEntity, 'id' | 'text'>,
): Promise<HeardReply> {
  const stream = generationStream(id);
  const { epoch, head } = await log.read(stream, { after: 0, limit: 1 });
  const after = Math.max(0, head - TAIL_EVENTS);
  // What is appended between the two reads is read, too.
  const { events } = await log.read(stream, { epoch, after, limit: 2 * TAIL_EVENTS });
  const deltas = events
    .filter(({ type }) => type === REPLY_DELTA || type === REPLY_SNAPSHOT)
    .map(({ data }) => data as ReplyDelta);
  const heard = deltas.reduce(
    (said, delta) =>
      delta.offset <= said.length ? said + delta.text.slice(said.length - delta.offset) : said,
    text,
  );
  const end = events.find(({ type }) => endsReply(type));
  const seq = end ? (end.seq ?? 1) - 1 : (events.at(-1)?.seq ?? head);
  return { epoch, seq, text: heard };
}

/** As the events that bring a client there: thousands of deltas would say the same as one. */
export function eventsOfHeard(generation: GenerationEntity, { epoch, seq, text }: HeardReply): LogEvent[] {
  if (seq === 0) return [];
  const { id } = generation;
  const envelope = { stream: generationStream(id), epoch, seq, ts: new Date().toISOString() };
  const delta: ReplyDelta = { generationId: id, offset: 0, text };
  return [
    { ...envelope, id: newId(), type: REPLY_STARTED, data: startOf(generation) },
    { ...envelope, id: newId(), type: REPLY_DELTA, data: delta },
  ];
}
