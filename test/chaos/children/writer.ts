// Changes items of the parent's and is killed on the way. With `hold: false` it evicts as most programs do: after
// the write, and nothing before it.
import { Command, Redis } from 'ioredis';
import 'reflect-metadata';
import { openCache } from './open-cache.js';
import { sharedItems, copiedItems } from './caches.js';
import { talkToParent } from './talk.js';

interface Settings {
  readonly port: number;
  readonly prefix: string;
  readonly hold: boolean;
  /** How long Redis keeps a hold that nobody ends. */
  readonly holdMs: number;
}

const { port, prefix, hold, holdMs } = JSON.parse(process.argv[2]!) as Settings;

// The cache has one time for all holds, which the parent would wait for: on the way to Redis it becomes another one.
const HOLD = '30000';
let holds = 0;
const toWritable = Command.prototype.toWritable;
Command.prototype.toWritable = function (socket) {
  if (this.args.includes(HOLD)) holds++;
  this.args = this.args.map((argument) => (argument === HOLD ? String(holdMs) : argument));
  return toWritable.call(this, socket);
};

// A hold that Redis has no time for is not taken, and the write goes on: not what is tried here.
const cache = await openCache(new Redis(port, '127.0.0.1', { lazyConnect: true }), prefix, 1_000);
const caches = [sharedItems, copiedItems].map((declaration) => cache.for(declaration));

const talk = talkToParent({
  /** Says where it is, so that the parent can end it exactly there. */
  change: async (key: string) => {
    const write = async (): Promise<void> => {
      await talk.ask('reached', { key, point: 'before the commit', holds });
      await talk.ask('commit', key);
      await talk.ask('reached', { key, point: 'after the commit' });
    };
    const [shared, copied] = caches;
    if (hold) await shared!.evictAround([key], () => copied!.evictAround([key], write));
    else {
      await write();
      await Promise.all(caches.map((handle) => handle.evict([key])));
    }
    await talk.ask('reached', { key, point: 'after the evict' });
  },
});
await talk.ask('ready');
