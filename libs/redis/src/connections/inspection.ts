import type { Availability } from './availability.js';
import type { RedisClient, RedisConnectionOptions } from './connection-options.js';
import { within } from './deadline.js';
import { isCluster } from './heartbeat.js';
import { MemoryWatch } from './memory-watch.js';
import { combineStates, parseInfo, type ServerState } from './server-info.js';

const DEADLINE_MS = 2_000;

/** Asks Redis (every primary of a Cluster) now and then about its memory and replication. */
export class Inspection {
  /** What it said last; kept while it is away. */
  latest: ServerState | undefined;
  private readonly watch: MemoryWatch;
  private readonly intervalMs: number;
  private timer: NodeJS.Timeout | undefined;
  private inspecting = false;

  constructor(
    private readonly commands: RedisClient,
    { memoryWarnPercent = 80, memoryAlertPercent = 95, inspectMs = 15_000 }: RedisConnectionOptions,
    private readonly availability: Availability,
  ) {
    this.watch = new MemoryWatch(memoryWarnPercent, memoryAlertPercent);
    this.intervalMs = inspectMs;
  }

  start(): void {
    this.timer ??= setInterval(() => this.inspect(), this.intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Asks now; an answer that does not come leaves what is known. */
  inspect(): void {
    const { commands } = this;
    if (this.inspecting || commands.status !== 'ready') return;
    this.inspecting = true;
    const servers = isCluster(commands) ? commands.nodes('master') : [commands];
    within(DEADLINE_MS, Promise.all(servers.map((server) => server.info())))
      .then((texts) => this.take(combineStates(texts.map(parseInfo))))
      // Silence is the heartbeat's business; a user without the right to INFO has none of this.
      .catch(() => undefined)
      .finally(() => (this.inspecting = false));
  }

  private take(state: ServerState | undefined): void {
    if (!state) return;
    this.latest = state;
    const line = this.watch.note(state.memory);
    if (line) this.availability.say(line.text, line.level);
  }
}
