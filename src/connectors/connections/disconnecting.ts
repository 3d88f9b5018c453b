import { Injectable } from '@nestjs/common';

/** Removes what was made of a platform of a user; inside the transaction that ends the connection, in one statement. */
export type DisconnectHook = (userId: string, platform: string) => Promise<void>;

/**
 * What else goes with a connection. The features of it that keep something register here when the module starts, so that
 * ending a connection need not know them.
 */
@Injectable()
export class Disconnections {
  private readonly hooks: DisconnectHook[] = [];

  onDisconnect(hook: DisconnectHook): void {
    this.hooks.push(hook);
  }

  /** One after the other: they share a connection to the database. */
  async run(userId: string, platform: string): Promise<void> {
    for (const hook of this.hooks) await hook(userId, platform);
  }
}
