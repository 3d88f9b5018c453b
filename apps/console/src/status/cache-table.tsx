import type { CacheCounters } from '../api/api.types.js';
import { Meter } from '../ui/meter.js';

const number = new Intl.NumberFormat();

export function CacheTable({ caches }: { caches: CacheCounters[] }) {
  const used = caches.filter(({ hits, misses, errors }) => hits + misses + errors > 0);
  const idle = caches.filter((cache) => !used.includes(cache));
  return (
    <>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Cache</th>
              <th scope="col">Hit rate</th>
              <th scope="col">Hits</th>
              <th scope="col">Misses</th>
              <th scope="col">Evictions</th>
              <th scope="col">Errors</th>
              <th scope="col">Entries</th>
              <th scope="col">p99, ms</th>
            </tr>
          </thead>
          <tbody>
            {used
              .toSorted((one, other) => other.hits + other.misses - one.hits - one.misses)
              .map((cache) => (
                <tr key={cache.name}>
                  <th scope="row">{cache.name}</th>
                  <td>
                    <div className="rate">
                      <Meter label={`Hit rate of ${cache.name}`} share={cache.hitRate} tone={toneOf(cache)} />
                      {Math.round(cache.hitRate * 100)} %
                    </div>
                  </td>
                  <td>{number.format(cache.hits)}</td>
                  <td>{number.format(cache.misses)}</td>
                  <td>{number.format(cache.evictions)}</td>
                  <td className={cache.errors > 0 ? 'bad' : ''}>{number.format(cache.errors)}</td>
                  <td>{number.format(cache.keys)}</td>
                  <td>{cache.p99Ms.toFixed(1)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
      {idle.length > 0 && (
        <p className="muted small">Not read yet: {idle.map(({ name }) => name).join(', ')}.</p>
      )}
    </>
  );
}

const toneOf = ({ hitRate }: CacheCounters): 'good' | 'warn' | 'bad' =>
  hitRate >= 0.8 ? 'good' : hitRate >= 0.4 ? 'warn' : 'bad';
