import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { platformErrors } from '../../platform/errors/platform.errors.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import type { LockedAccount } from '../connections/accounts.repository.js';
import { Connections } from '../connections/connections.service.js';
import { connectorErrors } from '../connectors.errors.js';
import type { ExtractionKind, Provider } from '../registry/provider.js';
import { Providers } from '../registry/providers.service.js';
import { Extractions } from './extractions.service.js';
import type { OrderExtraction } from './extraction.dto.js';
import { EXTRACT_JOB, type Extraction, type ExtractionPayload } from './extraction.types.js';
import { kindOf } from './kinds.js';
import { SyncsRepository } from './syncs.repository.js';

/** Takes orders of extractions: one at a time for each user, platform and kind. */
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
    const asked = sinceOf(wish);
    const subject = { userId, platform, kind: wish.kind };
    return this.database.transaction(async () => {
      await this.syncs.holdOrders(subject);
      const connection = await this.connectionFor(userId, provider, wanted);
      await this.extractions.assertNoneActive(subject, connection);
      const since = wish.full ? undefined : (asked ?? (await this.syncs.readThrough(subject)));
      const connectedAt = connection.connectedAt.getTime();
      const payload: ExtractionPayload = {
        ...subject,
        connectedAt,
        ...(since === undefined ? {} : { since: since.toISOString() }),
        ...(wish.full ? { full: true } : {}),
      };
      // One of a connection that is no more does not stand in the way.
      const key = `${userId}:${platform}:${wish.kind}:${connectedAt}`;
      const { job } = await this.jobs.enqueue(EXTRACT_JOB, { userId, key, payload });
      return job as Extraction;
    });
  }

  private async connectionFor(
    userId: string,
    { platform, title }: Provider,
    { scopes }: ExtractionKind,
  ): Promise<LockedAccount> {
    const connection = await this.connections.lock(userId, platform);
    if (!connection) throw connectorErrors['not-connected'](`Connect ${title} first.`);
    if (connection.status !== 'connected') {
      throw connectorErrors['needs-reauth'](`The grant of ${title} is of no use any more; connect it again.`);
    }
    const missing = scopes.filter((scope) => !connection.scopes.includes(scope));
    if (missing.length > 0) {
      throw connectorErrors['missing-scopes'](
        `The grant lacks ${missing.join(', ')}; connect ${title} again with ${missing.length > 1 ? 'them' : 'it'}.`,
        { members: { scopes: missing } },
      );
    }
    return connection;
  }
}

/** @throws validation-failed for a time that is none, is to come, or contradicts a full extraction */
function sinceOf({ since, full }: OrderExtraction): Date | undefined {
  if (since === undefined) return undefined;
  if (full) throw unusable('must be absent when full is true');
  const time = new Date(since);
  // RFC 3339 has leap seconds, which no Date has.
  if (Number.isNaN(time.getTime())) throw unusable('must be a time that there is');
  if (time.getTime() > Date.now()) throw unusable('must not be in the future');
  return time;
}

const unusable = (detail: string): Error =>
  platformErrors['validation-failed'](`"since" ${detail}.`, {
    errors: [{ pointer: '#/since', code: 'since', detail }],
  });
