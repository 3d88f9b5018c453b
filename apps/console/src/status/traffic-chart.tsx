import { MAX_SAMPLES, type Traffic } from './cache-traffic.js';

const [WIDTH, HEIGHT] = [600, 96];

/** Reads per second over the last minutes: from the cache, and past it. */
export function TrafficChart({ samples }: { samples: Traffic[] }) {
  const top = Math.max(1, ...samples.map((sample) => sample.hitsPerSecond + sample.missesPerSecond));
  const area = (valueOf: (sample: Traffic) => number): string => {
    const step = WIDTH / (MAX_SAMPLES - 1);
    const start = WIDTH - (samples.length - 1) * step;
    const points = samples.map((sample, index) => {
      const y = HEIGHT - (valueOf(sample) / top) * (HEIGHT - 4);
      return `${(start + index * step).toFixed(1)},${y.toFixed(1)}`;
    });
    return samples.length < 2 ? '' : `M${start},${HEIGHT} L${points.join(' L')} L${WIDTH},${HEIGHT} Z`;
  };
  const now = samples.at(-1);
  const total = now ? now.hitsPerSecond + now.missesPerSecond : 0;
  return (
    <figure className="traffic">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label="Cached reads">
        <path className="misses" d={area((sample) => sample.hitsPerSecond + sample.missesPerSecond)} />
        <path className="hits" d={area((sample) => sample.hitsPerSecond)} />
      </svg>
      <figcaption className="muted small">
        <span className="key hits">from the cache</span> <span className="key misses">past it</span>
        <span>
          {total.toFixed(1)} reads/s now, at most {top.toFixed(1)}
        </span>
      </figcaption>
    </figure>
  );
}
