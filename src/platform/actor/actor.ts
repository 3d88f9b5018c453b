/** Who is calling. Built once by the guard (HTTP) or the handshake (socket), passed first to every service. */
export interface Actor {
  readonly id: string;
  readonly role: 'user' | 'admin';
}

export const isAdmin = (actor: Actor): boolean => actor.role === 'admin';
