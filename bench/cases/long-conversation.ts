import { testServers } from '../../test/support/test-servers.js';
import type { BenchCase } from '../bench-case.js';
import { startChild } from '../child-process.js';
import { OPERATIONS } from '../conversations/costs.js';
import { interleave, ratios, spreadOf, type Lane } from '../measure.js';
import { buildService } from '../realtime/instances.js';
import type { Row } from '../result.js';

const SHORT = 100;
const BAR = 1.2;

export const longConversation: BenchCase = {
  name: 'long-conversation',
  title: 'A conversation of 100,000 messages',
  run: async ({ quick, progress }) => {
    await buildService();
    const database = await (await testServers.postgres()).createDatabase();
    const child = startChild(new URL('../children/conversation-costs.js', import.meta.url));
    const long = quick ? 1_000 : 100_000;
    const nameOf = (operation: string, length: number): string => `${operation} ${length}`;
    try {
      await child.ask('start', { databaseUrl: database.url });
      for (const [length, count] of [
        [SHORT, quick ? 2 : 100],
        [long, 1],
      ] as const) {
        progress(`${count} × ${length} messages`);
        await child.ask('fill', { length, count });
      }
      const rounds = quick ? 1 : 20;
      const samples = new Map<string, readonly number[]>();
      for (const operation of OPERATIONS) {
        const lanes = [SHORT, long].map((length): Lane => ({
          name: nameOf(operation, length),
          run: (times) => child.ask<number>('run', { operation, length, times }),
        }));
        const found = await interleave(lanes, {
          rounds,
          batchMs: quick ? 20 : 300,
          warmUpMs: quick ? 20 : 1_000,
          onRound: (round) => progress(`${operation}, round ${round} of ${rounds}`),
        });
        for (const [name, values] of found) samples.set(name, values);
      }
      const rows = OPERATIONS.map((operation): Row => {
        const [few, many] = [SHORT, long].map((length) => samples.get(nameOf(operation, length))!);
        const ratio = spreadOf(ratios(many!, few!));
        const cells = { few: spreadOf(few!), many: spreadOf(many!), ratio };
        return { name: operation, cells, met: ratio.median <= BAR };
      });
      return {
        how: 'The same work in a conversation of 100 messages and in one of 100,000, in turn, in one process on PostgreSQL and past the cache; about 1 KB of text each.',
        bar: `at most ${BAR} × the time, each`,
        columns: [
          { key: 'few', title: '100 messages', unit: 'time' },
          { key: 'many', title: '100,000 messages', unit: 'time' },
          { key: 'ratio', title: 'ratio', unit: 'ratio' },
        ],
        rows,
      };
    } finally {
      await child.end();
      await database.drop();
    }
  },
};
