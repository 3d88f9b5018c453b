import { Logger } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { IsString } from 'class-validator';
import type { Socket } from 'socket.io';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { SocketEvent } from '../platform/sockets/socket-event.js';
import { SocketDispatcher } from './socket-dispatcher.js';
import { Audience } from './sync/audience.js';
import { SocketSession } from './socket-session.js';

class Say {
  @IsString()
  text!: string;
}

class Handlers {
  @SocketEvent('say', Say)
  say(_actor: unknown, { text }: Say): Promise<object> {
    if (text === 'boom') throw new Error('the secret cause');
    if (text === 'no') throw platformErrors.forbidden('Not you.');
    if (text === 'wait') return new Promise(() => undefined);
    return Promise.resolve({ said: text });
  }
}

const discoveryOf = (...instances: object[]): DiscoveryService =>
  ({ getProviders: () => instances.map((instance) => ({ instance })) }) as unknown as DiscoveryService;

/** What no packet can carry, and no test of a payload should fall for. */
const circle: Record<string, unknown> = {};
circle['self'] = circle;

beforeAll(() => Logger.overrideLogger(false));

describe('the socket dispatcher', () => {
  const emitted: unknown[][] = [];
  const socket = { id: 's', rooms: new Set(), emit: (...args: unknown[]) => emitted.push(args) };
  let dispatcher: SocketDispatcher;
  let session: SocketSession;

  beforeEach(() => {
    emitted.length = 0;
    dispatcher = new SocketDispatcher(discoveryOf(new Handlers()));
    dispatcher.onModuleInit();
    session = new SocketSession(socket as unknown as Socket, { id: 'u', role: 'user' }, new Audience());
  });

  const ackOf = async (event: string, ...args: unknown[]): Promise<Record<string, unknown>> => {
    const answers: unknown[] = [];
    await dispatcher.dispatch(session, event, [...args, (answer: unknown) => answers.push(answer)]);
    expect(answers).toHaveLength(1);
    return answers[0] as Record<string, unknown>;
  };

  it('acks what the handler answers', async () => {
    expect(await ackOf('say', { text: 'hi' })).toEqual({ ok: true, data: { said: 'hi' } });
  });

  it.each([
    ['an unknown event', 'shout', [{}], 'not-found'],
    ['a missing payload', 'say', [], 'validation-failed'],
    ['null', 'say', [null], 'validation-failed'],
    ['a list', 'say', [[1]], 'validation-failed'],
    ['a string', 'say', ['hi'], 'validation-failed'],
    ['binary', 'say', [Buffer.from('hi')], 'validation-failed'],
    ['a wrong type', 'say', [{ text: 1 }], 'validation-failed'],
    ['an unknown field', 'say', [{ text: 'hi', more: 1 }], 'validation-failed'],
    ['too much', 'say', [{ text: 'x'.repeat(70_000) }], 'payload-too-large'],
    ['too much binary', 'say', [Buffer.alloc(70_000)], 'payload-too-large'],
    ['two payloads', 'say', [{ text: 'hi' }, { text: 'ho' }], 'validation-failed'],
    ['too much in the second payload', 'say', [{ text: 'hi' }, 'x'.repeat(70_000)], 'payload-too-large'],
    ['an event named like a part of objects', '__proto__', [{}], 'not-found'],
    ['an event named like a method of objects', 'constructor', [{}], 'not-found'],
    [
      'what is nested too deep',
      'say',
      [JSON.parse('['.repeat(40_000) + ']'.repeat(40_000))],
      'payload-too-large',
    ],
    ['what is nested deep', 'say', [JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))], 'validation-failed'],
    ['what contains itself', 'say', [circle], 'payload-too-large'],
    ['an error of the handler', 'say', [{ text: 'no' }], 'forbidden'],
  ])('acks a problem for %s', async (_what, event, args, code) => {
    expect(await ackOf(event, ...args)).toMatchObject({ ok: false, error: { code, instance: event } });
  });

  it('repeats of a long name only the beginning', async () => {
    const answer = await ackOf('x'.repeat(100_000), {});
    expect(answer).toMatchObject({ ok: false, error: { code: 'not-found', instance: 'x'.repeat(100) } });
    expect(JSON.stringify(answer).length).toBeLessThan(1_000);
  });

  it('acks an unexpected error without telling its cause', async () => {
    const answer = await ackOf('say', { text: 'boom' });
    expect(answer).toMatchObject({ ok: false, error: { code: 'internal', status: 500 } });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('emits the problem where there is no ack to answer', async () => {
    await dispatcher.dispatch(session, 'say', [{ text: 1 }]);
    expect(emitted).toMatchObject([['error', { event: 'say', error: { code: 'validation-failed' } }]]);
  });

  it('acks after ten seconds for a handler that does not answer', async () => {
    jest.useFakeTimers();
    try {
      const answer = ackOf('say', { text: 'wait' });
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await answer).toMatchObject({ ok: false, error: { code: 'upstream-timeout' } });
    } finally {
      jest.useRealTimers();
    }
  });

  it('refuses the 65th event of a client that does not wait for its acks', async () => {
    jest.useFakeTimers();
    try {
      const waiting = Array.from({ length: 64 }, () =>
        dispatcher.dispatch(session, 'say', [{ text: 'wait' }]),
      );
      expect(await ackOf('say', { text: 'hi' })).toMatchObject({
        ok: false,
        error: { code: 'rate-limited' },
      });
      await jest.advanceTimersByTimeAsync(10_000);
      await Promise.all(waiting);
      expect(await ackOf('say', { text: 'hi' })).toMatchObject({ ok: true });
    } finally {
      jest.useRealTimers();
    }
  });

  it('refuses to start with two handlers for one event', () => {
    class Others {
      @SocketEvent('say', Say)
      other(): Promise<object> {
        return Promise.resolve({});
      }
    }
    const twice = new SocketDispatcher(discoveryOf(new Handlers(), new Others()));
    expect(() => twice.onModuleInit()).toThrow('Two handlers for the socket event "say"');
  });
});
