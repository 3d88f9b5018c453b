/** What `children/conversation-costs.ts` is started with. */
export interface CostSetup {
  readonly databaseUrl: string;
}

export const OPERATIONS = [
  'append',
  'newest page',
  'page in the middle',
  'page around',
  'page of another branch',
  'context',
  'list',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** One lane's turn. */
export interface Timing {
  readonly operation: Operation;
  /** Of the conversation. */
  readonly length: number;
  readonly times: number;
}
