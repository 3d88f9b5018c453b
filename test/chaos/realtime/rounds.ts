import { seeded } from '../children/random.js';
import { Actor } from './actor.js';
import { act } from './acts.js';
import {
  isFault,
  printed,
  scheduleOf,
  type FaultName,
  type Schedule,
  type ScheduleSize,
} from './schedule.js';
import { judge } from './verdict.js';
import type { World } from './world.js';

/** What a seed came to; nothing when all was as promised. */
export interface Verdict {
  schedule: Schedule;
  complaints: string[];
  timeline: string[];
}

/**
 * The schedules of several seeds on one world, at the same time: each has a person of its own, and everybody's faults
 * happen to all, one after the other.
 */
export async function round(world: World, schedules: readonly Schedule[]): Promise<Verdict[]> {
  const from = world.incidents.length;
  const actors: Actor[] = [];
  for (const { seed } of schedules) actors.push(await Actor.enter(world, seed));
  const faults = schedules.flatMap(({ steps }) => steps.filter(isFault));
  await Promise.all([
    ...actors.map((actor, index) => act(actor, schedules[index]!)),
    ...faults.map(({ name, how, after }) => world.strike(name as FaultName, how, after)),
  ]);
  const late = await world.recovered();
  await Promise.all(actors.map((actor) => judge(actor)));
  await Promise.all(actors.map((actor) => actor.leave()));
  const incidents = world.incidents.slice(from);
  const shared = incidents.map(
    ({ name, start, end }) => `${Math.round(start)} == ${name}, ${Math.round(end - start)} ms`,
  );
  const unclean = [...late, ...incidents.flatMap((incident) => incident.unclean ?? [])];
  return actors.map(({ diary: { complaints, lines } }, index) => ({
    schedule: schedules[index]!,
    complaints: index === 0 ? [...complaints, ...unclean] : complaints,
    timeline: [...lines, ...shared].toSorted((one, other) => Number.parseInt(one) - Number.parseInt(other)),
  }));
}

export const schedulesOf = (seeds: readonly number[], size: ScheduleSize): Schedule[] =>
  seeds.map((seed) => scheduleOf(seed, size, seeded(seed)));

/** What is needed to see it again: the seeds that ran together, and what each of them met. */
export function report(verdicts: readonly Verdict[]): string {
  const bad = verdicts.filter(({ complaints }) => complaints.length > 0);
  if (bad.length === 0) return '';
  const together = verdicts.map(({ schedule }) => schedule.seed).join(',');
  return bad
    .map(({ schedule, complaints, timeline }) =>
      [
        `seed ${schedule.seed} (RAPPORT_SEED=${together})`,
        printed(schedule),
        ...complaints.map((complaint) => `  - ${complaint}`),
        ...timeline.map((line) => `    ${line}`),
      ].join('\n'),
    )
    .join('\n\n');
}
