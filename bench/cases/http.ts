import autocannon from 'autocannon';
import type { BenchCase, BenchContext } from '../bench-case.js';
import { startChild } from '../child-process.js';
import { interleave, type Lane } from '../measure.js';
import type { Row } from '../result.js';
import { LIMIT } from '../contenders/limit.js';
import { rateColumns, rateRows } from '../throughput.js';

const CONNECTIONS = 64;
const SAMPLE_MS = 10;
const BAR = 0.85;
const RESPONSE = 'rapport, @CacheResponse';
const STANDARD = "Nest's CacheInterceptor";
const inHandler = (library: string): string => `${library}, read in the handler`;

/** So many requests over kept-alive connections, in nanoseconds. @throws when an answer is not a 200 */
async function request(url: string, amount: number): Promise<number> {
  const started = process.hrtime.bigint();
  // The end is noticed when the next sample is taken.
  const result = await autocannon({ url, amount, connections: CONNECTIONS, sampleInt: SAMPLE_MS });
  const failed = result.errors + result.non2xx;
  if (failed > 0) throw new Error(`${failed} of ${amount} requests to ${url} failed.`);
  return Number(process.hrtime.bigint() - started);
}

/** Routes by the name of their row. */
const routesOf = ({ contenders }: BenchContext): Map<string, string> =>
  new Map([
    [LIMIT, '/bare'],
    [RESPONSE, '/response'],
    [STANDARD, '/standard'],
    ...contenders.map(({ name }): [string, string] => [inHandler(name), `/handler/${name}`]),
  ]);

export const http: BenchCase = {
  name: 'http',
  title: 'A cached GET',
  run: async (context) => {
    const server = startChild(new URL('../children/http-server.js', import.meta.url));
    try {
      const port = await server.ask<number>('start', context.redis.url);
      const routes = routesOf(context);
      const lanes = [...routes].map(([name, path]): Lane => {
        const url = `http://127.0.0.1:${port}${path}`;
        return { name, run: (operations) => request(url, operations) };
      });
      const rounds = context.quick ? 1 : 12;
      const samples = await interleave(lanes, {
        rounds,
        batchMs: context.quick ? 100 : 1_000,
        warmUpMs: context.quick ? 100 : 2_000,
        onRound: (round) => context.progress(`round ${round} of ${rounds}`),
      });
      const handled = await server.ask<number>('handled');
      return {
        how: `${CONNECTIONS} connections, about 1 KB of JSON, Nest on Fastify in a process of its own. Limit: a route that returns the same text each time.`,
        bar: `at least ${BAR} × the limit's rate`,
        columns: rateColumns,
        rows: rateRows(samples, [...routes.keys()].slice(1), BAR).map((row): Row =>
          // The bar is for cached answers; a value that the handler reads is encoded for every request.
          row.name.endsWith('in the handler') ? { name: row.name, cells: row.cells } : row,
        ),
        notes: [`The handlers behind the two caches of responses were called ${handled} times.`],
      };
    } finally {
      await server.end();
    }
  },
};
