import type { Sample } from './service-traffic.js';

/** By the nearest rank; 0 of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export const milliseconds = (samples: readonly Sample[]): number[] => samples.map(({ ms }) => ms);

const medianOf = (values: readonly number[]): number => quantile(values, 0.5);

export function byRoute(samples: readonly Sample[]): Map<string, Sample[]> {
  const routes = new Map<string, Sample[]>();
  for (const sample of samples) {
    const known = routes.get(sample.route);
    if (known) known.push(sample);
    else routes.set(sample.route, [sample]);
  }
  return routes;
}

/**
 * Where samples took more than so many milliseconds longer than those of the control: routes in their middle, all at the
 * 99th percentile. A starved machine stretches everything, so half as long again is always let pass.
 */
export function slowerBy(ms: number, control: readonly Sample[], samples: readonly Sample[]): string[] {
  const usual = byRoute(control);
  const routes = [...byRoute(samples)].map(([route, of]): [string, number, number] => [
    route,
    medianOf(milliseconds(usual.get(route) ?? [])),
    medianOf(milliseconds(of)),
  ]);
  const p99 = (of: readonly Sample[]): number => quantile(milliseconds(of), 0.99);
  return [...routes, ['99 of 100', p99(control), p99(samples)] as const]
    .filter(([, one, other]) => other > one + Math.max(ms, one / 2))
    .map(([what, one, other]) => `${what}: ${other.toFixed(0)} ms instead of ${one.toFixed(0)} ms`);
}

/** One line for all samples, and one for each route that took longest. */
export function describeSamples(name: string, samples: readonly Sample[]): string {
  const line = (of: readonly Sample[]): string => {
    const figures = [0.5, 0.9, 0.99, 1].map((share) =>
      quantile(milliseconds(of), share).toFixed(0).padStart(5),
    );
    return `${String(of.length).padStart(5)} answers, p50/p90/p99/max ${figures.join(' ')} ms`;
  };
  const routes = [...byRoute(samples)]
    .toSorted(([, one], [, other]) => medianOf(milliseconds(other)) - medianOf(milliseconds(one)))
    .slice(0, 3)
    .map(([route, of]) => `${route} ${medianOf(milliseconds(of)).toFixed(0)}`);
  return `${name.padEnd(28)}${line(samples)}; slowest medians: ${routes.join(', ')}`;
}
