/** What statistics of a user are kept by; all in UTC. */
export const UNITS = ['hours', 'days', 'weeks'] as const;
export type Unit = (typeof UNITS)[number];

const ALL_CHARACTERS = '{characters}';

/** Every Redis key of usage statistics, inside the prefix of the environment. Braces: one slot of a Cluster. */
export class StatisticsKeys {
  /** @param prefix e.g. `rapport:production` */
  constructor(private readonly prefix: string) {}

  /** Hash: what a user was charged for, by hour, day or ISO week. */
  ofUser(userId: string, unit: Unit): string {
    return `${this.prefix}:usage:{${userId}}:${unit}`;
  }

  /** HyperLogLog: who was active on a UTC day, with any character or with one. */
  activeUsers(day: string, characterId?: string): string {
    return `${this.prefix}:usage:{${day}}:users${characterId === undefined ? '' : `:${characterId}`}`;
  }

  /** Says that all who were active before are in it, too. */
  activeUsersBuilt(day: string, characterId?: string): string {
    return `${this.activeUsers(day, characterId)}:built`;
  }

  /** Sorted set: how much each character was used on a UTC day that is over. */
  characters(day: string, what: 'messages' | 'tokens'): string {
    return `${this.prefix}:usage:${ALL_CHARACTERS}:${what}:${day}`;
  }
}
