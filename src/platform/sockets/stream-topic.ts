import 'reflect-metadata';
import type { Actor } from '../actor/actor.js';

/**
 * What a feature says about the streams of one kind (`conversation:<id>`): who may follow one, which room its events go
 * to, and where a client finds the present state when the log cannot tell it what it missed.
 */
export interface StreamTopic<Subject> {
  /** What `room` and `snapshot` are asked about; undefined for a stream that is not theirs or does not exist. */
  authorize(actor: Actor, id: string): Promise<Subject | undefined>;
  room(subject: Subject): string;
  /** Path of the API. */
  snapshot(subject: Subject): string;
}

const KIND = Symbol('stream topic');

/**
 * Registers a provider as the topic of a kind of stream. The gateway finds these by itself, features never import it.
 *
 * @example
 * @TopicOf('conversation')
 * class ConversationTopic implements StreamTopic<Conversation> { … }
 */
export function TopicOf(
  kind: string,
): <Subject>(topic: new (...needs: never[]) => StreamTopic<Subject>) => void {
  return (topic) => Reflect.defineMetadata(KIND, kind, topic);
}

/** The kind of stream that a provider is the topic of. */
export const topicKindOf = (instance: object): string | undefined =>
  Reflect.getMetadata(KIND, instance.constructor) as string | undefined;
