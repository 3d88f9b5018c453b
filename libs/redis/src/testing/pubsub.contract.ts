import { Logger } from '@nestjs/common';
import type { RedisConnections } from '../connections/redis-connections.js';
import { MessageTooLarge } from '../pubsub/pubsub.errors.js';
import { PubSub } from '../pubsub/pubsub.js';
import { until } from './until.js';

/** What publish and subscribe promise, within one process as among many. Every test has a prefix of its own. */
export function describePubSub(where: string, connect: () => RedisConnections): void {
  describe(`publish and subscribe in ${where}`, () => {
    let run = 0;
    let prefix: string;
    let pubsub: PubSub;
    const opened: PubSub[] = [];
    const open = (): PubSub => {
      const another = new PubSub(connect(), { prefix, maxPayloadBytes: 1_000 });
      opened.push(another);
      return another;
    };
    beforeEach(() => {
      prefix = `pubsub-${process.pid}-${run++}`;
      pubsub = open();
    });
    afterEach(() => {
      for (const each of opened.splice(0)) each.close();
      jest.restoreAllMocks();
    });

    it('calls every callback of the channel once for every message, in order, and no other', async () => {
      const heard: [string, unknown, string][] = [];
      for (const name of ['x', 'y'])
        await pubsub.subscribe('a', (payload, channel) => heard.push([name, payload, channel]));
      await pubsub.subscribe('b', () => heard.push(['other', 0, '']));
      for (const payload of [1, null, { text: 'ä' }]) await pubsub.publish('a', payload);
      expect(heard).toEqual(
        [1, null, { text: 'ä' }].flatMap((payload) => [
          ['x', payload, 'a'],
          ['y', payload, 'a'],
        ]),
      );
    });

    it('gives every callback a payload of its own', async () => {
      const payload = { list: [1] };
      const heard: unknown[] = [];
      for (let count = 0; count < 2; count++) {
        await pubsub.subscribe<{ list: number[] }>('a', (own) => {
          own.list.push(2);
          heard.push(own);
        });
      }
      await pubsub.publish('a', payload);
      expect(heard).toEqual([{ list: [1, 2] }, { list: [1, 2] }]);
      expect(payload).toEqual({ list: [1] });
    });

    it('stops calling at once when told to, also the same function that is subscribed twice', async () => {
      const heard: unknown[] = [];
      const note = (payload: unknown): void => void heard.push(payload);
      const stop = await pubsub.subscribe('a', note);
      await pubsub.subscribe('a', note);
      await pubsub.publish('a', 1);
      const stopped = stop();
      await pubsub.publish('a', 2);
      await stopped;
      await stop();
      await pubsub.publish('a', 3);
      expect(heard).toEqual([1, 1, 2, 3]);
    });

    it('does not call a callback that another one has just stopped', async () => {
      const heard: string[] = [];
      let stopSecond = (): Promise<void> => Promise.resolve();
      await pubsub.subscribe('a', () => {
        heard.push('first');
        return stopSecond();
      });
      stopSecond = await pubsub.subscribe('a', () => heard.push('second'));
      await pubsub.publish('a', 0);
      expect(heard).toEqual(['first']);
    });

    it('matches patterns, once for each that fits', async () => {
      const heard: string[] = [];
      await pubsub.psubscribe('room:*', (_, channel) => heard.push(`* ${channel}`));
      const stop = await pubsub.psubscribe('room:?', (_, channel) => heard.push(`? ${channel}`));
      await pubsub.subscribe('room:1', (_, channel) => heard.push(`= ${channel}`));
      for (const channel of ['room:1', 'room:12', 'roo', 'xroom:1']) await pubsub.publish(channel, 0);
      await stop();
      await pubsub.publish('room:2', 0);
      expect(heard.sort()).toEqual(['* room:1', '* room:12', '* room:2', '= room:1', '? room:1'].sort());
    });

    it('logs a callback that fails, in whichever way, and calls the others', async () => {
      const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation();
      const heard: unknown[] = [];
      await pubsub.subscribe('a', () => {
        throw new Error('thrown');
      });
      await pubsub.subscribe('a', () => Promise.reject(new Error('rejected')));
      await pubsub.subscribe('a', (payload) => heard.push(payload));
      await pubsub.publish('a', 1);
      await pubsub.publish('a', 2);
      expect(heard).toEqual([1, 2]);
      await until(() => logged.mock.calls.length === 4);
    });

    it('refuses what is too large or cannot be said in JSON, and sends nothing', async () => {
      const heard: unknown[] = [];
      await pubsub.subscribe('a', (payload) => heard.push(payload));
      await expect(pubsub.publish('a', 'é'.repeat(500))).rejects.toThrow(MessageTooLarge);
      await expect(pubsub.publish('a', undefined)).rejects.toThrow(TypeError);
      await pubsub.publish('a', 'é'.repeat(499));
      expect(heard).toHaveLength(1);
    });

    it('keeps the order where a callback publishes, and survives one that never stops', async () => {
      const heard: number[] = [];
      await pubsub.subscribe<number>('a', (count) => count === 1 && pubsub.publish('a', 2));
      await pubsub.subscribe<number>('a', (count) => heard.push(count));
      await pubsub.publish('a', 1);
      expect(heard).toEqual([1, 2]);
      let rounds = 0;
      const stop = await pubsub.subscribe('circle', () => {
        rounds++;
        return pubsub.publish('circle', 0);
      });
      await pubsub.publish('circle', 0);
      await until(() => rounds > 1_100);
      await stop();
    });
  });
}
