import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import { Connections } from '../connections/connections.service.js';
import { connectorErrors } from '../connectors.errors.js';
import type { ExtractionKind, Provider } from '../registry/provider.js';
import { Providers } from '../registry/providers.service.js';
import { assertNoneActive } from './active-jobs.js';
import { Extractions } from './extractions.service.js';
import type { OrderExtraction } from './extraction.dto.js';
import { EXTRACT_JOB, type Extraction, type ExtractionPayload } from './extraction.types.js';
import { kindOf } from './kinds.js';
import { SyncsRepository } from './syncs.repository.js';

/** Takes orders of extractions: one at a time for each user, platform and kind, and none while a platform is reset. */
@Injectable()
export class ExtractionOrders {
  constructor(
    private readonly providers: Providers,
    private readonly connections: Connections,
    private readonly extractions: Extractions,
    private readonly syncs: SyncsRepository,
    private readonly jobs: Jobs,
    private readonly database: Database,
  ) {}

  /** @throws not-found, validation-failed, not-connected, needs-reauth, missing-scopes, job-active */
  order({ id: userId }: Actor, platform: string, wish: OrderExtraction): Promise<Extraction> {
    const provider = this.providers.get(platform);
    const wanted = kindOf(provider, wish.kind);
    if (wish.full && wish.since !== undefined) throw contradiction();
    const subject = { userId, platform, kind: wish.kind };
    return this.database.transaction(async () => {
      await this.syncs.holdOrders(subject);
      const connectedAt = await this.connectionFor(userId, provider, wanted);
      await assertNoneActive(this.extractions, subject);
      const since = wish.full ? undefined : (wish.since ?? (await this.syncs.readThrough(subject)));
      const payload: ExtractionPayload = {
        ...subject,
        connectedAt,
        ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
        ...(wish.full ? { full: true } : {}),
      };
      const key = `${userId}:${platform}:${wish.kind}`;
      const { job } = await this.jobs.enqueue(EXTRACT_JOB, { userId, key, payload });
      return job as Extraction;
    });
  }

  /** When it was made. */
  private async connectionFor(
    userId: string,
    { platform, title }: Provider,
    { scopes }: ExtractionKind,
  ): Promise<number> {
    const connection = await this.connections.lock(userId, platform);
    if (!connection) throw connectorErrors['not-connected'](`Connect ${title} first.`);
    if (connection.status === 'needs_reauth') {
      throw connectorErrors['needs-reauth'](
        `${title} does not take the stored grant any more; connect it again.`,
      );
    }
    const missing = scopes.filter((scope) => !connection.scopes.includes(scope));
    if (missing.length > 0) {
      throw connectorErrors['missing-scopes'](
        `The grant lacks ${missing.join(', ')}; connect ${title} again with ${missing.length > 1 ? 'them' : 'it'}.`,
        { members: { scopes: missing } },
      );
    }
    return connection.connectedAt.getTime();
  }
}

const contradiction = (): Error =>
  platformErrors['validation-failed'](
    'A full extraction reads everything: leave out "since", or ask for no full one.',
    { errors: [{ pointer: '#/since', code: 'contradiction', detail: 'must be absent when full is true' }] },
  );
