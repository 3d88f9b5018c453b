import type { Check, HealthReport } from '../api/api.types.js';
import { durationOf } from '../ui/times.js';

const NAMES = { db: 'Database', redis: 'Redis', ai: 'Model' } as const;
const HEADLINES: Record<HealthReport['status'], string> = {
  ok: 'Everything works',
  degraded: 'Working, with something missing',
  unavailable: 'Not ready',
};

export function HealthPanel({
  health: { status, checks, version, uptimeSeconds },
}: {
  health: HealthReport;
}) {
  return (
    <section className="card health" aria-labelledby="health-heading">
      <h2 id="health-heading">
        <span className={`dot ${status}`} aria-hidden="true" /> {HEADLINES[status]}
      </h2>
      <p className="muted small">
        Version {version}, up for {durationOf(uptimeSeconds)}
      </p>
      <dl>
        {(Object.keys(NAMES) as (keyof typeof NAMES)[]).map((name) => (
          <div key={name}>
            <dt>{NAMES[name]}</dt>
            <dd>
              <span className={`dot ${checks[name].status}`} aria-hidden="true" /> {stateOf(checks[name])}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function stateOf({ status, latencyMs }: Check): string {
  switch (status) {
    case 'up':
      return latencyMs < 1 ? 'up' : `up, ${Math.round(latencyMs)} ms`;
    case 'down':
      return 'down';
    case 'off':
      return 'not used';
  }
}
