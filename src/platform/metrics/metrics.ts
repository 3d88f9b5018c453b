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

/** What this process measures of itself, as Prometheus reads it. Every name begins with `rapport_`. */
@Injectable()
export class Metrics {
  private readonly logger = new Logger(Metrics.name);
  private readonly registry = new Registry();
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
      },
    });
    this.registry.registerMetric(gauge);
  }

  /** All metrics in Prometheus' text format, version 0.0.4. */
  render(): Promise<string> {
    // What the runtime says about itself costs a timer; a process that nobody asks does not pay for it.
    if (!this.runtimeMeasured) collectDefaultMetrics({ register: this.registry, prefix: PREFIX });
    this.runtimeMeasured = true;
    return this.registry.metrics();
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
