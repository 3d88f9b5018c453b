import { Injectable } from '@nestjs/common';
import { Cacheable, CacheEvict } from '@rapport/cache';
import type { Actor } from '../../platform/actor/actor.js';
import { Database } from '../../platform/database/database.js';
import { EventOutbox } from '../../platform/events/event-outbox.service.js';
import { Jobs } from '../../platform/jobs/jobs.service.js';
import { WarmsAtLogin } from '../../platform/warm-up/warms-at-login.decorator.js';
import { userStream } from '../../users/users.events.js';
import { soulSignature } from '../connectors.cache.js';
import { connectorErrors } from '../connectors.errors.js';
import { SIGNATURE_UPDATED, type SignatureUpdated } from '../connectors.events.js';
import type { Signature, SignatureRecord } from './signature.types.js';
import { SignaturesRepository } from './signatures.repository.js';
import { ALGORITHM_VERSION, NEEDED_ITEMS } from './soul-signature.js';

export const COMPUTE_JOB = 'signature.compute';

/** What a job is to compute. */
export interface Computation {
  userId: string;
  /** Of whoever ordered it: workers of an earlier release leave it to those of a later one. */
  algorithmVersion: string;
}

const computationOf = (userId: string): Computation => ({ userId, algorithmVersion: ALGORITHM_VERSION });

/** A signature that there is. */
export interface KnownSignature extends Signature {
  version: number;
  computedAt: Date;
  /** Another one is being made: of newer inputs, or by a newer algorithm. */
  stale: boolean;
}

const byUser = (userId: string): [string] => [userId];

/** The soul signatures of people: what is known, what makes it untrue, and what is made anew. */
@Injectable()
export class SoulSignatures {
  constructor(
    private readonly rows: SignaturesRepository,
    private readonly jobs: Jobs,
    private readonly database: Database,
    private readonly outbox: EventOutbox,
  ) {}

  /** @throws not-enough-data, with how much is missing */
  async get(actor: Actor): Promise<KnownSignature> {
    const record = await this.recordOf(actor.id);
    return (record && known(record)) ?? notEnough(record);
  }

  /** Orders one. @returns the id of the job @throws in-progress */
  @CacheEvict(soulSignature, ({ id }: Actor): [string] => [id])
  async order({ id: userId }: Actor): Promise<string> {
    return this.database.transaction(async () => {
      await this.rows.ensure(userId);
      const { job, isNew } = await this.enqueue(userId);
      if (isNew) return job.id;
      throw connectorErrors['in-progress'](`Follow the job at /api/jobs/${job.id}.`, {
        members: { jobId: job.id },
      });
    });
  }

  /** Joins the transaction that added or changed what the signature is made of: it is shown as stale until it is made anew. */
  @CacheEvict(soulSignature, byUser)
  async inputsChanged(userId: string): Promise<void> {
    await this.database.transaction(async () => {
      if (await this.rows.outdate(userId)) await this.enqueue(userId);
    });
  }

  /** Joins the transaction that removed some of it: nothing that was made of removed things is shown again. */
  @CacheEvict(soulSignature, byUser)
  async inputsRemoved(userId: string): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.rows.empty(userId))) return;
      this.tell(userId, null);
      await this.enqueue(userId);
    });
  }

  /**
   * Joins the running transaction. Keeps what was made of `inputs`, which may be too little for a signature; false when
   * these are not the inputs any more.
   */
  @CacheEvict(soulSignature, byUser)
  async keep(userId: string, inputs: string, items: number, signature?: Signature): Promise<boolean> {
    return this.database.transaction(async () => {
      const before = await this.rows.lock(userId);
      if (before?.inputs !== inputs) return false;
      const isKnown = known(before)?.inputsHash === signature?.inputsHash;
      const same = signature && isKnown && before.algorithmVersion === signature.algorithmVersion;
      const version = before.version + (same ? 0 : 1);
      const computedAt = (same && before.computedAt) || new Date();
      await this.rows.keep(userId, items, signature && { ...signature, version, computedAt });
      if (signature && !same) this.tell(userId, version);
      return true;
    });
  }

  /** In the transaction that ends a computation: a change that it could not see any more gets one of its own. */
  async goOn(userId: string): Promise<void> {
    if (await this.rows.isOutdated(userId)) await this.enqueue(userId);
  }

  /** In the transaction that ends a computation which came to nothing: the next read orders another one. */
  @CacheEvict(soulSignature, byUser)
  async goOnWhenRead(_userId: string): Promise<void> {}

  @WarmsAtLogin()
  @Cacheable(soulSignature)
  async recordOf(userId: string): Promise<SignatureRecord | null> {
    const record = await this.rows.find(userId);
    // Also where a computation was ordered before: it may have failed or been cancelled.
    if (record && (record.outdated || isOlder(record))) await this.enqueue(userId);
    return record ?? null;
  }

  private enqueue(userId: string): ReturnType<Jobs['enqueue']> {
    return this.jobs.enqueue(COMPUTE_JOB, { userId, key: userId, payload: computationOf(userId) });
  }

  private tell(userId: string, version: number | null): void {
    const data: SignatureUpdated = { version };
    this.outbox.add({ stream: userStream(userId), type: SIGNATURE_UPDATED, data });
  }
}

/** Releases run side by side: what a later one has made is good enough. */
const isOlder = ({ algorithmVersion }: SignatureRecord): boolean =>
  algorithmVersion !== null && Number(algorithmVersion) < Number(ALGORITHM_VERSION);

function known(record: SignatureRecord): KnownSignature | undefined {
  const { version, algorithmVersion, inputsHash, items, dimensions, clusters, computedAt, outdated } = record;
  if (!dimensions || !clusters || !computedAt || algorithmVersion === null || inputsHash === null) {
    return undefined;
  }
  const stale = outdated || isOlder(record);
  return { version, algorithmVersion, inputsHash, items, dimensions, clusters, computedAt, stale };
}

function notEnough(record: SignatureRecord | null): never {
  const found = record?.items ?? 0;
  const pending = record?.outdated ?? false;
  throw connectorErrors['not-enough-data'](
    pending
      ? 'It is being computed; you hear of it when it is there.'
      : `It takes ${NEEDED_ITEMS} things from your platforms; connect one and have it extracted.`,
    { members: { missing: pending ? null : Math.max(0, NEEDED_ITEMS - found), found, needed: NEEDED_ITEMS } },
  );
}
