import { pick } from '../children/random.js';

/** What a person does, or what happens to her devices. */
export const PERSON_STEPS = {
  /** A message that is answered over a second or so, over REST or over the socket. */
  'send-slow': ['rest', 'socket'],
  'send-quick': ['rest', 'socket'],
  'send-none': ['rest', 'socket'],
  /** The same message through both instances at the same moment. */
  'send-both': ['slow', 'none'],
  /** A message that was sent before, once more through the other instance. */
  repeat: ['rest', 'socket'],
  edit: ['rest', 'socket'],
  delete: ['rest', 'socket'],
  regenerate: ['rest', 'socket'],
  cancel: ['rest', 'socket'],
  /** The link of a device ends: closed by the client's engine, by RST, or after half a second in the dark. */
  'drop-active': ['close', 'reset', 'dark'],
  'drop-passive': ['close', 'reset', 'dark'],
  /** A device leaves its instance for the other. */
  swap: ['active', 'passive'],
  /** Every SSE follower loses its connection. */
  'drop-sse': ['abort'],
} as const;

/** What happens to everybody. */
export const FAULTS = {
  kill: ['a', 'b'],
  rolling: ['ab', 'ba'],
  'redis-restart': ['empty'],
  flush: ['all'],
  pause: ['300'],
  /** Gone for a while, and empty when it is back. */
  'redis-away': ['700'],
} as const;

export type PersonStepName = keyof typeof PERSON_STEPS;
export type FaultName = keyof typeof FAULTS;

export interface Step {
  /** Milliseconds after the step before it began (faults: ended). */
  after: number;
  name: PersonStepName | FaultName;
  how: string;
  /** Chooses a message, a reply: the number-th of those there are, counted around. */
  which: number;
}

/** What one seed stands for. */
export interface Schedule {
  seed: number;
  steps: Step[];
}

const WEIGHTS: Record<PersonStepName, number> = {
  'send-slow': 7,
  'send-quick': 3,
  'send-none': 4,
  'send-both': 2,
  repeat: 3,
  edit: 3,
  delete: 2,
  regenerate: 2,
  cancel: 2,
  'drop-active': 3,
  'drop-passive': 3,
  swap: 2,
  'drop-sse': 2,
};

const DECK = Object.entries(WEIGHTS).flatMap(([name, weight]) =>
  Array.from({ length: weight }, () => name as PersonStepName),
);
const ALL_FAULTS = Object.keys(FAULTS) as FaultName[];

export interface ScheduleSize {
  steps: number;
  faults: number;
  /** Longest pause between two steps, in ms. */
  pause: number;
}

/** The schedule of a seed: always the same. Faults go round, so that a few seeds meet every kind. */
export function scheduleOf(
  seed: number,
  { steps, faults, pause }: ScheduleSize,
  random: () => number,
): Schedule {
  const step = (name: PersonStepName | FaultName, ways: readonly string[]): Step => ({
    after: Math.floor(random() ** 2 * pause),
    name,
    how: pick(ways, random),
    which: Math.floor(random() * 100),
  });
  const own = Array.from({ length: steps }, (_, index) => {
    const name = index === 0 ? 'send-slow' : pick(DECK, random);
    return step(name, PERSON_STEPS[name]);
  });
  const shared = Array.from({ length: faults }, (_, index) => {
    const name = index === 0 ? ALL_FAULTS[seed % ALL_FAULTS.length]! : pick(ALL_FAULTS, random);
    return step(name, FAULTS[name]);
  });
  return { seed, steps: [...own, ...shared] };
}

export const isFault = ({ name }: Step): boolean => name in FAULTS;

/** As it is printed, and as `RAPPORT_SCHEDULE` takes it: cut steps out to find those that matter. */
export const printed = ({ seed, steps }: Schedule): string =>
  `${seed}: ${steps.map(({ after, name, how, which }) => `${name}:${how}:${which}@${after}`).join(' ')}`;

/** @throws when it is not what {@link printed} gives */
export function parsed(text: string): Schedule {
  const [seed = '', list = ''] = text.split(': ');
  const steps = list.split(' ').map((word) => {
    const [, name = '', how = '', which, after] = /^([a-z-]+):(\w+):(\d+)@(\d+)$/.exec(word) ?? [];
    const ways = { ...PERSON_STEPS, ...FAULTS }[name as PersonStepName] as readonly string[] | undefined;
    if (!ways?.includes(how)) throw new Error(`“${word}” is no step of a schedule.`);
    return { after: Number(after), name: name as PersonStepName, how, which: Number(which) };
  });
  return { seed: Number(seed), steps };
}
