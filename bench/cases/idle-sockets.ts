import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCase, BenchContext } from '../bench-case.js';
import { startChild } from '../child-process.js';
import type { Memory } from '../collected-memory.js';
import { LIMIT } from '../contenders/limit.js';
import { ratios, spreadOf } from '../measure.js';
import { strangerToken, type OpenInstances } from '../realtime/instances.js';
import { assertOpenFiles } from '../realtime/open-files.js';
import { contestants, RAPPORT } from '../realtime/stage.js';
import type { Column, Row } from '../result.js';

const BAR = 1.2;

/** Of one client each, all of them different users. */
const authsOf = (count: number): Promise<object[]> =>
  Promise.all(
    Array.from({ length: count }, async () => ({
      token: await strangerToken(),
      clientId: randomUUID(),
      protocol: 1,
    })),
  );

/**
 * What each further socket adds. The first ones fill what the start of the process has left free in its heap, which would
 * otherwise hide some of the cost.
 */
async function perSocket(context: BenchContext, open: OpenInstances): Promise<Memory> {
  const { quick } = context;
  const count = quick ? 100 : 2_000;
  assertOpenFiles(2 * count);
  const instances = await open(context, 1);
  const clients = startChild(new URL('../children/socket-clients.js', import.meta.url));
  const memory = async (): Promise<Memory> => {
    await sleep(quick ? 50 : 1_000);
    return instances.children[0]!.ask<Memory>('memory');
  };
  const connect = async (some: number): Promise<void> =>
    clients.ask('connect', { url: instances.urls[0], auths: await authsOf(some) });
  try {
    await connect(count);
    const before = await memory();
    await connect(count);
    const after = await memory();
    return { heap: (after.heap - before.heap) / count, rss: (after.rss - before.rss) / count };
  } finally {
    await clients.end();
    await instances.end();
  }
}

async function measure(context: BenchContext): Promise<Map<string, Memory[]>> {
  const found = new Map<string, Memory[]>([...contestants.keys()].map((name) => [name, []]));
  const rounds = context.quick ? 1 : 3;
  for (let round = 0; round < rounds; round++) {
    for (const [name, open] of contestants) {
      context.progress(`${name}, round ${round + 1} of ${rounds}`);
      found.get(name)!.push(await perSocket(context, open));
    }
  }
  return found;
}

const KINDS = ['heap', 'rss'] as const;
const TITLES = { heap: 'heap and buffers', rss: 'resident memory' };

function rowOf(name: string, found: ReadonlyMap<string, Memory[]>): Row {
  const cells: Record<string, Row['cells'][string]> = {};
  let met = true;
  for (const kind of KINDS) {
    const own = found.get(name)!.map((memory) => memory[kind]);
    const limit = found.get(LIMIT)!.map((memory) => memory[kind]);
    const ratio = spreadOf(ratios(own, limit));
    cells[kind] = spreadOf(own);
    cells[`${kind}Ratio`] = name === LIMIT ? 1 : ratio;
    met &&= ratio.median <= BAR;
  }
  return name === LIMIT ? { name, cells } : { name, cells, met };
}

export const idleSockets: BenchCase = {
  name: 'idle-sockets',
  title: 'Memory of an idle socket',
  run: async (context) => {
    const found = await measure(context);
    return {
      how: 'What 2,000 more official clients over websocket, each another user in a room of its own, add to an instance that has 2,000; after a collection, per socket, each measurement in new processes. Limit: bare Socket.IO with the sharded Redis adapter and the same room.',
      bar: `at most ${BAR} × the limit, both`,
      columns: KINDS.flatMap((kind): Column[] => [
        { key: kind, title: TITLES[kind], unit: 'memory' },
        { key: `${kind}Ratio`, title: `${TITLES[kind]} / limit`, unit: 'ratio' },
      ]),
      rows: [LIMIT, RAPPORT].map((name) => rowOf(name, found)),
    };
  },
};
