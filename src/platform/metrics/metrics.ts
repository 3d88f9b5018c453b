import { Injectable, Logger } from '@nestjs/common';
import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type HistogramConfiguration,
  type LabelValues,
} from 'prom-client';

const PREFIX = 'rapport_';

/** One value of a metric that has labels. */
export interface Sample<Label extends string> {
  labels: LabelValues<Label>;
  value: number;
}

/** A metric whose value somebody else keeps; it is read when the metrics are asked for. */
export interface ReadMetric<Label extends string = string> {
  /** Without the prefix. */
  name: string;
  help: string;
  /** Names of the labels; their values must come from a small fixed set, never from a request. */
  labels?: readonly Label[];
  read: () => number | readonly Sample<Label>[] | Promise<number | readonly Sample<Label>[]>;
}

/** Durations that somebody else counts; read when the metrics are asked for. */
export interface ReadDurations {
  name: string;
  help: string;
  /** `counts[i]` took at most `boundsMs[i]`, the last one longer; not cumulative. */
  read: () => { boundsMs: readonly number[]; counts: readonly number[]; sumMs: number };
}

/** What this process measures of itself, as Prometheus reads it. Every name begins with `rapport_`. */
@Injectable()
export class Metrics {
  private readonly logger = new Logger(Metrics.name);
  private readonly registry = new Registry();
  private readonly durations: ReadDurations[] = [];
  private runtimeMeasured = false;

  /** The media type of {@link render}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  /** Counts what happens; the caller increments it. */
  counter<Label extends string = never>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({ name: PREFIX + name, help, labelNames: [...labels], registers: [this.registry] });
  }

  /** Sorts measured values into buckets; the caller observes them. */
  histogram<Label extends string>(
    configuration: Omit<HistogramConfiguration<Label>, 'registers'>,
  ): Histogram<Label> {
    return new Histogram({
      ...configuration,
      name: PREFIX + configuration.name,
      registers: [this.registry],
    });
  }

  /** A total that only grows and that its owner counts. */
  readCounter<Label extends string = never>(metric: ReadMetric<Label>): void {
    const read = (): Promise<readonly Sample<Label>[] | undefined> => this.samplesOf(metric);
    const counter = new Counter({
      ...describe(metric),
      async collect() {
        const samples = await read();
        if (!samples) return;
        this.reset();
        for (const { labels, value } of samples) this.inc(labels, value);
      },
    });
    this.registry.registerMetric(counter);
  }

  /** A value of the moment, such as how many connections are open. */
  readGauge<Label extends string = never>(metric: ReadMetric<Label>): void {
    const read = (): Promise<readonly Sample<Label>[] | undefined> => this.samplesOf(metric);
    const gauge = new Gauge({
      ...describe(metric),
      async collect() {
        const samples = await read();
        if (!samples) return;
        this.reset();
        for (const { labels, value } of samples) this.set(labels, value);
        // Without labels the library would show a 0, which says more than is known.
        if (samples.length === 0 && !metric.labels?.length) this.remove();
      },
    });
    this.registry.registerMetric(gauge);
  }

  /** Durations in buckets, in seconds as Prometheus wants them. */
  readDurations(durations: ReadDurations): void {
    this.durations.push(durations);
  }

  /** All metrics in Prometheus' text format, version 0.0.4. */
  async render(): Promise<string> {
    // What the runtime says about itself costs a timer; a process that nobody asks does not pay for it.
    if (!this.runtimeMeasured) collectDefaultMetrics({ register: this.registry, prefix: PREFIX });
    this.runtimeMeasured = true;
    return [await this.registry.metrics(), ...this.durations.map(textOf)].join('\n');
  }

  /** Undefined when it cannot be read: it keeps what it said last, and does not hide the others. */
  private async samplesOf<Label extends string>({
    name,
    read,
  }: ReadMetric<Label>): Promise<readonly Sample<Label>[] | undefined> {
    try {
      const value = await read();
      return typeof value === 'number' ? [{ labels: {}, value }] : value;
    } catch (error) {
      this.logger.warn({ msg: `The metric ${PREFIX}${name} could not be read`, err: error });
      return undefined;
    }
  }
}

/** As the library writes histograms; it cannot be given counts that it has not counted itself. */
function textOf({ name, help, read }: ReadDurations): string {
  const { boundsMs, counts, sumMs } = read();
  const fullName = PREFIX + name;
  let sum = 0;
  const buckets = counts.map((count, at) => {
    sum += count;
    const bound = boundsMs[at];
    return `${fullName}_bucket{le="${bound === undefined ? '+Inf' : bound / 1_000}"} ${sum}`;
  });
  const head = [`# HELP ${fullName} ${help}`, `# TYPE ${fullName} histogram`];
  return [...head, ...buckets, `${fullName}_sum ${sumMs / 1_000}`, `${fullName}_count ${sum}`, ''].join('\n');
}

/** Without a registry: the caller registers it, so that none ends up in the global one. */
const describe = <Label extends string>({
  name,
  help,
  labels = [],
}: ReadMetric<Label>): { name: string; help: string; labelNames: Label[]; registers: Registry[] } => ({
  name: PREFIX + name,
  help,
  labelNames: [...labels],
  registers: [],
});
