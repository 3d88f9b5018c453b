import { useEffect, useState } from 'react';
import type { CacheReport, CharacterSummary, HealthReport, UsageToday } from '../api/api.types.js';
import { useResource } from '../api/use-resource.js';
import { HOME } from '../route.js';
import { ProblemNotice } from '../ui/problem-notice.js';
import { CacheTable } from './cache-table.js';
import { NO_TRAFFIC, withReport } from './cache-traffic.js';
import { HealthPanel } from './health-panel.js';
import { TrafficChart } from './traffic-chart.js';
import { UsagePanel } from './usage-panel.js';

const EVERY_MS = 3_000;
/** An unready service says which part is missing in the body of its 503. */
const UNREADY = [503];

export function StatusPage({ characters }: { characters: CharacterSummary[] }) {
  const health = useResource<HealthReport>('/api/health', { everyMs: EVERY_MS, accept: UNREADY });
  const cache = useResource<CacheReport>('/api/cache/stats', { everyMs: EVERY_MS });
  const usage = useResource<UsageToday>('/api/auth/usage', { everyMs: EVERY_MS });
  const [traffic, setTraffic] = useState(NO_TRAFFIC);
  const report = cache.data;
  useEffect(() => {
    if (report) setTraffic((log) => withReport(log, report, performance.now()));
  }, [report]);

  const problem = health.problem ?? cache.problem ?? usage.problem;
  return (
    <div className="page status">
      <h1>
        <a className="back" href={HOME} aria-label="Back to all conversations">
          ←
        </a>
        Status
      </h1>
      {problem && <ProblemNotice problem={problem} />}
      {health.data && <HealthPanel health={health.data} />}
      <section className="card" aria-labelledby="usage-heading">
        <h2 id="usage-heading">Your messages today</h2>
        {usage.data && <UsagePanel usage={usage.data} characters={characters} />}
      </section>
      <section className="card" aria-labelledby="cache-heading">
        <h2 id="cache-heading">Cache</h2>
        {report && (
          <>
            <p className="muted small">
              {MODES[report.mode]} Breaker {report.breaker}. Counting since{' '}
              {new Date(report.since).toLocaleTimeString()}.
            </p>
            <TrafficChart samples={traffic.samples} />
            <CacheTable caches={report.caches} />
          </>
        )}
      </section>
    </div>
  );
}

const MODES: Record<CacheReport['mode'], string> = {
  redis: 'Two tiers: memory and Redis.',
  memory: 'Memory of this process.',
  bypass: 'Redis is away; reads go to the source.',
};
