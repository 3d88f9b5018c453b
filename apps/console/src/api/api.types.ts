/** The parts of the API's documents that the console reads; `/openapi.json` has them all. */
export interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

export interface User {
  id: string;
  username: string;
  displayName: string;
  email: string | null;
  tier: 'free' | 'premium';
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface CharacterSummary {
  id: string;
  name: string;
  description: string;
  tags: string[];
  conversationCount: number;
}

export interface ConversationSummary {
  id: string;
  characterId: string;
  title: string;
  lastMessagePreview: string;
  lastSeq: number;
  unread: number;
  lastActivityAt: string;
}

export interface Message {
  id: string;
  conversationId: string;
  seq: number;
  role: 'user' | 'character';
  text: string;
  clientMessageId: string | null;
  parentId: string | null;
  generationId: string | null;
  status: 'completed' | 'cancelled' | 'failed';
  finishReason: string | null;
  editedAt: string | null;
  createdAt: string;
}

export interface MessageWindow {
  items: Message[];
  oldestSeq: number | null;
  hasBefore: boolean;
}

export interface Generation {
  id: string;
  status: 'queued' | 'streaming' | 'completed' | 'cancelled' | 'failed';
  text: string;
}

export type GenerationHandle = Pick<Generation, 'id' | 'status'>;

export interface Counter {
  used: number;
  reserved: number;
  limit: number | null;
  remaining: number | null;
}

export interface UsageDay {
  tier: 'free' | 'premium';
  resetsAt: string;
}

export interface CharacterUsage extends UsageDay {
  counters: { text: Counter };
}

export interface UsageToday extends UsageDay {
  characters: { characterId: string; counters: { text: Counter } }[];
  totals: { text: { used: number } };
}

export interface SentMessage {
  message: Message;
  generation?: GenerationHandle;
  usage: CharacterUsage;
  duplicate: boolean;
}

/** An event of a stream: of `conversation:<id>` what is kept, of `generation:<id>` how a reply goes on. */
export interface LiveEvent {
  stream: string;
  epoch: string;
  seq: number | null;
  type: string;
  data: unknown;
}

export interface Joined {
  lastSeq: number;
  epoch: string;
  replay: { status: 'ok' | 'gap' | 'reset'; events: LiveEvent[]; hasMore: boolean };
  replies: { generationId: string; events: LiveEvent[] }[];
}

export interface Check {
  status: 'up' | 'down' | 'off';
  latencyMs: number;
}

export interface HealthReport {
  status: 'ok' | 'degraded' | 'unavailable';
  checks: { db: Check; redis: Check; ai: Check };
  version: string;
  uptimeSeconds: number;
}

export interface CacheCounters {
  name: string;
  hits: number;
  misses: number;
  errors: number;
  evictions: number;
  hitRate: number;
  p99Ms: number;
  keys: number;
}

export interface CacheReport {
  mode: 'redis' | 'memory' | 'bypass';
  breaker: 'closed' | 'open' | 'half-open';
  caches: CacheCounters[];
  since: string;
}
