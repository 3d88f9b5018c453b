import { randomUUID } from 'node:crypto';
import { expectStatus, newPerson, type Person } from '../../test/support/api-client.js';
import { eventually } from '../../test/support/eventually.js';
import type { PlatformServer } from '../../test/support/platform-server.js';

/** Somebody with a connected platform, from which something was read, and what their dashboard asks for. */
export interface DashboardOwner {
  person: Person;
  /** One load of the page: how the platforms stand, the last extraction, who one is there, the signature, the quotas. */
  paths: readonly string[];
}

/** Of the service's database. */
export type Query = (sql: string, parameters: unknown[]) => Promise<unknown>;

const GENRES = [
  'indie rock',
  'jazz',
  'techno',
  'folk',
  'hip hop',
  'ambient',
  'bossa nova',
  'synthwave',
  'soul',
];
const ITEMS_EACH = 120;

/**
 * People who have connected a platform in earnest. What was read from it is put straight into the database: platforms
 * would take minutes for so many.
 */
export async function makeOwners(
  url: string,
  query: Query,
  platform: PlatformServer,
  count: number,
  onPerson: (index: number) => void = () => undefined,
): Promise<DashboardOwner[]> {
  const owners: DashboardOwner[] = [];
  for (let index = 0; index < count; index++) {
    onPerson(index);
    const person = await newPerson(url);
    await platform.connect(person);
    const jobId = await putExtraction(query, person.user.id);
    expectStatus(202, await person.post('/api/soul-signature/computations'));
    await eventually('a signature', async () =>
      (await person.get('/api/soul-signature')).status === 200 ? true : undefined,
    );
    const paths = [
      '/api/connectors',
      `/api/extraction-jobs/${jobId}`,
      '/api/connectors/profile',
      '/api/soul-signature',
      '/api/connectors/rate-limits',
    ];
    owners.push({ person, paths });
  }
  return owners;
}

async function putExtraction(query: Query, userId: string): Promise<string> {
  const jobId = randomUUID();
  const payload = { userId, platform: 'spotify', kind: 'library' };
  const progress = { percent: 100, phase: 'saved tracks', done: ITEMS_EACH, total: ITEMS_EACH };
  await query(
    `INSERT INTO jobs (id, kind, user_id, status, payload, progress, result, max_attempts, started_at, ended_at)
     VALUES ($1, 'connector.extract', $2, 'succeeded', $3, $4, $5, 6, now(), now())`,
    [jobId, userId, payload, progress, { items: ITEMS_EACH }],
  );
  await query(
    `INSERT INTO connector_items (user_id, platform, kind, item_id, at, title, labels, weight, job_id)
     SELECT $1, 'spotify', 'library', n::text, timestamptz '2026-01-01 20:15Z' + n * interval '31 hours', 'A song',
            ARRAY['music', ($3::text[])[1 + n % cardinality($3::text[])]], 1, $2
     FROM generate_series(1, $4::int) AS n`,
    [userId, jobId, GENRES, ITEMS_EACH],
  );
  return jobId;
}
