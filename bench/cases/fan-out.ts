import type { BenchCase, BenchContext } from '../bench-case.js';
import { interleave, quantile, type Lane } from '../measure.js';
import { delaysOf, onStages, RAPPORT, type Stage } from '../realtime/stage.js';
import { rateColumns, rateRows } from '../throughput.js';

const BAR = 0.8;
const CLIENT_PROCESSES = 2;

/** A delivery is an operation: one message that one socket heard. Only whole messages are sent. */
class Deliveries implements Lane {
  private cpu = 0;
  private made = 0;

  constructor(
    readonly name: string,
    private readonly stage: Stage,
  ) {}

  async run(deliveries: number): Promise<number> {
    const { receivers } = this.stage;
    const messages = Math.max(1, Math.round(deliveries / receivers));
    const before = await this.stage.cpu();
    const elapsed = await this.stage.tell(messages);
    this.cpu += (await this.stage.cpu()) - before;
    this.made += messages * receivers;
    return (elapsed * deliveries) / (messages * receivers);
  }

  get cpuPerDelivery(): number {
    return this.cpu / this.made;
  }
}

async function measure(context: BenchContext, stages: ReadonlyMap<string, Stage>) {
  const lanes = [...stages].map(([name, stage]) => new Deliveries(name, stage));
  const rounds = context.quick ? 2 : 30;
  const rates = await interleave(lanes, {
    rounds,
    batchMs: context.quick ? 20 : 400,
    warmUpMs: context.quick ? 20 : 4_000,
    onRound: (round) => context.progress(`round ${round} of ${rounds}`),
  });
  const samples = context.quick ? 5 : 200;
  const delays = await delaysOf(stages, samples, (sample) =>
    context.progress(`single message ${sample + 1} of ${samples}`),
  );
  return { lanes, rates, delays };
}

export const fanOut: BenchCase = {
  name: 'fan-out',
  title: 'One message to the sockets of a room, on two instances',
  run: async (context) => {
    const each = context.quick ? 10 : 250;
    const audience = { processes: CLIENT_PROCESSES, atInstance: [each, each] };
    const { lanes, rates, delays } = await onStages(context, audience, (stages) => measure(context, stages));
    const rows = rateRows(rates, [RAPPORT], BAR).map((row) => ({
      ...row,
      cells: {
        ...row.cells,
        p50: quantile(delays.get(row.name)!, 0.5),
        p99: quantile(delays.get(row.name)!, 0.99),
        cpu: lanes.find(({ name }) => name === row.name)!.cpuPerDelivery,
      },
    }));
    const receivers = CLIENT_PROCESSES * 2 * each;
    return {
      how: `${receivers.toLocaleString('en')} official clients over websocket, half of them at each of two instances, all in the room of one conversation. One instance sends some messages at once, about half a kilobyte each: the service appends them to its event log, which every instance hears and hands to its own sockets. Limit: bare Socket.IO with the sharded Redis adapter, \`io.to(room).emit()\` with the same bytes. Per second: messages × sockets, until the last socket has heard the last message. Then single messages: until the last socket has heard it.`,
      bar: `at least ${BAR} × the limit's rate`,
      columns: [
        ...rateColumns,
        { key: 'p50', title: 'last socket heard it, p50', unit: 'time' },
        { key: 'p99', title: 'p99', unit: 'time' },
        { key: 'cpu', title: "instances' processor time per socket and message", unit: 'time' },
      ],
      rows,
      notes: [
        "The clients' work is in the rates, for they share the processors with the instances and Redis. The processor time is that of both instances, and nothing else's.",
      ],
    };
  },
};
