import type { Actor } from '../actor/actor.js';

/** What a handler that joins a room tells about its ack. */
export interface Joining {
  /**
   * The ack brings the client up to this event of a stream; up to here it is not sent again. Resolves when this instance
   * has come that far, too: an announcement may still be on its way to it.
   */
  carries(position: { stream: string; epoch: string; seq: number }): Promise<void>;
  /** The client has to ask for the rest of the stream first; what happens there meanwhile is held until it has. */
  incomplete(stream: string): void;
}

/** What a feature's handler may do with the socket it was called through. */
export interface SocketConnection {
  readonly id: string;
  readonly actor: Actor;
  /**
   * Joins a room without a seam: what happens there from now on is held and delivered right after this event's ack,
   * leaving out what the ack already carries. Read the log after it, never before.
   * @param streams that the ack brings the client up to; a room's own is one of them anyway
   */
  join(room: string, ...streams: string[]): Joining;
  /** Joins a room for what happens from now on; nothing happens for a socket that is in it. */
  enter(room: string): void;
  leave(room: string): void;
  /** Calls `listener` when the client has gone; at once if it already has. */
  onClosed(listener: () => void): void;
}

export interface SocketEventDeclaration {
  event: string;
  /** class-validator class that the payload is checked against. */
  payload: new () => object;
  method: string;
}

const declarations = new Map<object, SocketEventDeclaration[]>();

export type SocketHandler<Payload> = (
  actor: Actor,
  payload: Payload,
  connection: SocketConnection,
) => Promise<object>;

/**
 * Registers a provider's method as the handler of a client event. Whatever it resolves to is the ack's `data`; whatever
 * it throws becomes the ack's problem. The gateway finds these by itself, features never import it.
 *
 * @example
 * @SocketEvent('message:send', SendMessageEvent)
 * send(actor: Actor, message: SendMessageEvent, connection: SocketConnection): Promise<object> { … }
 */
export function SocketEvent<Payload extends object>(
  event: string,
  payload: new () => Payload,
): <Handler extends SocketHandler<Payload>>(
  prototype: object,
  method: string,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void {
  return (prototype, method) => {
    const own = declarations.get(prototype) ?? [];
    own.push({ event, payload, method });
    declarations.set(prototype, own);
  };
}

export const socketEventsOf = (instance: object): readonly SocketEventDeclaration[] =>
  declarations.get(Object.getPrototypeOf(instance) as object) ?? [];
