import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { RedisConnections } from '@rapport/redis';
import type { Counter } from 'prom-client';
import { Metrics } from '../metrics/metrics.js';

const LOOK_EVERY_MS = 500;

interface Feature {
  name: string;
  isDegraded: () => boolean;
  /** When it became degraded; undefined while it is not. */
  since?: number;
}

/**
 * Which features do less than they promise at the moment, because what they stand on is away (contract 2.0.9). Each
 * change becomes a log line and a metric, and while any is degraded every HTTP answer names it in `X-Degraded`.
 */
@Injectable()
export class Degradations implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Degraded');
  private readonly features = new Map<string, Feature>();
  private readonly changes: Counter<'feature' | 'to'>;
  private names: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private stopHearing: (() => void)[] = [];

  constructor(
    private readonly redis: RedisConnections,
    metrics: Metrics,
  ) {
    this.changes = metrics.counter('degraded_changes_total', 'Features that became degraded, or came back.', [
      'feature',
      'to',
    ]);
    metrics.readGauge({
      name: 'degraded',
      help: '1 while the feature does less than it promises.',
      labels: ['feature'],
      read: () =>
        [...this.features.values()].map(({ name: feature, since }) => ({
          labels: { feature },
          value: since === undefined ? 0 : 1,
        })),
    });
  }

  /**
   * From the start of the application on, asks a feature twice a second, and whenever Redis comes or goes.
   * @param feature one word, as `X-Degraded` shows it
   * @param isDegraded must be cheap
   * @throws when the name is taken or is not a word
   */
  watch(feature: string, isDegraded: () => boolean): void {
    if (!/^[a-z][a-z-]*$/.test(feature))
      throw new Error(`"${feature}" is not a word that a header could show.`);
    if (this.features.has(feature)) throw new Error(`A feature named "${feature}" is watched already.`);
    this.features.set(feature, { name: feature, isDegraded });
  }

  /** The degraded features, in alphabetical order. */
  active(): readonly string[] {
    return this.names;
  }

  onApplicationBootstrap(): void {
    const look = (): void => this.look();
    this.stopHearing = [this.redis.onReady(look), this.redis.onLost(look)];
    this.timer = setInterval(look, LOOK_EVERY_MS);
    look();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    for (const stop of this.stopHearing) stop();
  }

  private look(): void {
    for (const feature of this.features.values()) this.ask(feature);
    const degraded = [...this.features.values()].filter(({ since }) => since !== undefined);
    this.names = degraded.map(({ name }) => name).sort();
  }

  private ask(feature: Feature): void {
    const { name, since } = feature;
    const degraded = this.isDegraded(feature);
    if (degraded === (since !== undefined)) return;
    feature.since = degraded ? performance.now() : undefined;
    this.changes.inc({ feature: name, to: degraded ? 'degraded' : 'ok' });
    if (since === undefined) this.logger.warn(`${name} is degraded: Redis is ${this.redisState()}.`);
    else this.logger.log(`${name} is back after ${((performance.now() - since) / 1000).toFixed(1)} s.`);
  }

  private isDegraded({ name, isDegraded }: Feature): boolean {
    try {
      return isDegraded();
    } catch (error) {
      this.logger.error({ msg: `Whether ${name} is degraded cannot be told`, err: error });
      return true;
    }
  }

  private redisState(): string {
    const status = this.redis.status();
    return status === 'ready' ? 'connected, but not usable' : status === 'lost' ? 'away' : 'not reached yet';
  }
}
