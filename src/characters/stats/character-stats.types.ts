export const STATS_WINDOWS = ['day', 'week', 'all'] as const;
export type StatsWindow = (typeof STATS_WINDOWS)[number];

/** What a character was used for within a window. */
export interface WindowStatistics {
  conversations: number;
  /** Those of people and those of the character. */
  messages: number;
  uniqueUsers: number;
  /** null without a reply. */
  avgReplyMs: number | null;
  tokens: number;
  lastActiveAt: Date | null;
}

export interface CharacterStatistics {
  windows: Record<StatsWindow, WindowStatistics>;
  asOf: Date;
}

/** One day of one character, as it is counted. */
export interface CharacterDay {
  characterId: string;
  /** ISO date, UTC. */
  day: string;
  conversations: number;
  messages: number;
  replies: number;
  replyMs: number;
  tokens: number;
  lastActiveAt: Date;
}
