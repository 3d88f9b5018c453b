import type { Socket } from 'socket.io';
import { undisturbed } from '../../libs/redis/src/testing/undisturbed.js';
import { Farewell } from './farewell.js';

class FakeSocket {
  connected = true;
  reconnectInMs = NaN;
  closedAt = NaN;
  readonly conn = {
    close: (): void => {
      this.connected = false;
      this.closedAt = performance.now();
    },
  };
  emit(_event: string, { reconnectInMs }: { reconnectInMs: number }): void {
    this.reconnectInMs = reconnectInMs;
  }
}

describe('a farewell', () => {
  let sockets: FakeSocket[];
  let began: number;
  const tell = (spreadMs: number): Farewell => {
    const farewell = new Farewell(spreadMs);
    began = performance.now();
    farewell.tell(sockets as unknown as Socket[]);
    return farewell;
  };

  beforeEach(() => {
    sockets = Array.from({ length: 50 }, () => new FakeSocket());
  });

  it('spreads the clients, and closes each when its time has come', async () => {
    await tell(300).sendAway();
    expect(new Set(sockets.map(({ reconnectInMs }) => reconnectInMs)).size).toBeGreaterThan(20);
    for (const { reconnectInMs, closedAt } of sockets) {
      expect(reconnectInMs).toBeLessThanOrEqual(300);
      expect(closedAt - began).toBeGreaterThan(reconnectInMs - 5);
    }
  });

  it('does not wait for clients that have gone by themselves', async () => {
    const farewell = tell(60_000);
    for (const socket of sockets) socket.connected = false;
    await farewell.sendAway();
    expect(sockets.every(({ closedAt }) => Number.isNaN(closedAt))).toBe(true);
  });

  it('closes at once those whose time is over', () =>
    undisturbed(100, async () => {
      sockets = Array.from({ length: 50 }, () => new FakeSocket());
      const farewell = tell(10);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const late = performance.now();
      await farewell.sendAway();
      expect(performance.now() - late).toBeLessThan(1_000);
      expect(sockets.some(({ connected }) => connected)).toBe(false);
    }));
});
