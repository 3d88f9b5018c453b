import type { Command } from 'ioredis';
import { CommandTally } from './command-tally.js';
import type { RedisClient } from './connection-options.js';

describe('the tally of commands', () => {
  const watched = (onFailure?: (error: Error) => void) => {
    const tally = new CommandTally(onFailure);
    const client = { sendCommand: (command: Command) => command } as unknown as RedisClient;
    tally.watch(client);
    const send = (): { command: Command; settle: jest.Mock; fail: jest.Mock } => {
      const [settle, fail] = [jest.fn(), jest.fn()];
      const command = { resolve: settle, reject: fail } as unknown as Command;
      client.sendCommand(command);
      return { command, settle, fail };
    };
    return { tally, send };
  };

  it('passes answers and errors on', () => {
    const onFailure = jest.fn();
    const { send } = watched(onFailure);
    const [answered, failed] = [send(), send()];
    const error = new Error('WRONGTYPE');
    answered.command.resolve('OK');
    failed.command.reject(error);
    expect(answered.settle).toHaveBeenCalledWith('OK');
    expect(failed.fail).toHaveBeenCalledWith(error);
    expect(onFailure.mock.calls).toEqual([[error]]);
  });

  it('counts what is under way, and each command once, though it may settle twice', () => {
    const { tally, send } = watched();
    const [late, other] = [send(), send()];
    expect(tally.inFlight).toBe(2);
    late.command.reject(new Error('Command timed out'));
    late.command.resolve('an answer after all');
    expect(tally.inFlight).toBe(1);
    other.command.resolve('OK');
    expect(tally.read()).toMatchObject({ sent: 2, failed: 1, timedOut: 1 });
    expect(tally.inFlight).toBe(0);
  });

  it('sorts answers by the time they took', () => {
    const { tally, send } = watched();
    const now = jest.spyOn(performance, 'now');
    for (const ms of [0.5, 0.6, 1_000, 1_001]) {
      now.mockReturnValue(0);
      const { command } = send();
      now.mockReturnValue(ms);
      command.resolve('OK');
    }
    now.mockRestore();
    const { boundsMs, counts, sumMs } = tally.read().latency;
    expect(counts).toHaveLength(boundsMs.length + 1);
    expect([counts[0], counts[1], counts.at(-2), counts.at(-1)]).toEqual([1, 1, 1, 1]);
    expect(sumMs).toBeCloseTo(2_002.1);
  });
});
