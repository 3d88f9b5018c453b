import { setTimeout as sleep } from 'node:timers/promises';
import { machineMs } from '../children/history.js';
import { pick } from '../children/random.js';
import { commands, subscriptions, type DisturbedWorld, type Instance } from './disturbed-world.js';

/** Something bad that happens to all, or to one instance, and is over when the promise resolves. */
type Fault = (world: DisturbedWorld, victim: Instance) => Promise<void>;

const during =
  (ms: number, begin: (victim: Instance) => () => void): Fault =>
  async (_world, victim) => {
    const end = begin(victim);
    await sleep(ms);
    end();
  };

/** Everything that happens to a service on a bad day. */
const faults: Readonly<Record<string, Fault>> = {
  'Redis hangs for 2 s': async ({ server }) => {
    server.pause();
    await sleep(2_000);
    server.resume();
  },
  'Redis is killed and comes back empty': async ({ server }) => {
    await server.kill();
    await sleep(700);
    await server.restart();
  },
  'Redis is restarted at once, empty': ({ server }) => server.restart(),
  'Redis cuts a subscription': (world, victim) => world.killSubscription(victim),
  'the network cuts a subscription': async (_world, { proxy }) => void proxy.reset(subscriptions.only),
  'the network cuts a command link': async (_world, { proxy }) => void proxy.reset(commands.only),
  'a subscription is half-open for 3.5 s': during(3_500, ({ proxy }) => proxy.blackhole(subscriptions)),
  'a command link is half-open for 3 s': during(3_000, ({ proxy }) => proxy.blackhole(commands)),
  'both links are half-open for 3 s': during(3_000, ({ proxy }) => proxy.blackhole()),
  'both links are half-open until they are given up': during(6_500, ({ proxy }) => proxy.blackhole()),
  'the answers to commands are lost for 1.5 s': during(1_500, ({ proxy }) =>
    proxy.blackhole({ ...commands, direction: 'toClient' }),
  ),
  'everything takes 100 ms longer': during(2_000, ({ proxy }) => proxy.delay(100)),
  'everything takes up to 10 ms longer': during(2_500, ({ proxy }) => proxy.delay(0, 10)),
  'packets are lost': during(2_500, ({ proxy }) => proxy.stall(0.1, 200)),
  'a process stands still for 2.5 s': during(2_500, ({ child }) => {
    child.process.kill('SIGSTOP');
    return () => child.process.kill('SIGCONT');
  }),
};

/** A fault that happened, in ms of the machine's clock. */
export interface Disturbance {
  readonly name: string;
  readonly victim: number;
  readonly start: number;
  readonly end: number;
}

/** Goes through all faults in an order of chance, again and again until the time is over. */
export async function disturb(
  world: DisturbedWorld,
  seconds: number,
  random: () => number,
): Promise<Disturbance[]> {
  const until = performance.now() + seconds * 1_000;
  const happened: Disturbance[] = [];
  let left: string[] = [];
  await sleep(1_000);
  while (performance.now() < until) {
    if (left.length === 0) left = Object.keys(faults);
    const name = pick(left, random);
    left.splice(left.indexOf(name), 1);
    const victim = pick(world.instances, random);
    const start = machineMs();
    await faults[name]!(world, victim);
    happened.push({ name, victim: victim.id, start, end: machineMs() });
    await sleep(600 + random() * 900);
  }
  return happened;
}
