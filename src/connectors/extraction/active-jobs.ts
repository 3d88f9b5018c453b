import { connectorErrors } from '../connectors.errors.js';
import { toExtractionJob } from './extraction.dto.js';
import { isExtraction, type PlatformOfUser } from './extraction.types.js';
import type { Extractions } from './extractions.service.js';

/**
 * Before something is ordered, by whoever holds the orders: an extraction excludes others of its kind and resets of its
 * platform, a reset (without a kind) whatever there is of the platform.
 * @throws job-active with the job
 */
export async function assertNoneActive(
  extractions: Extractions,
  { userId, platform, kind }: PlatformOfUser & { kind?: string },
): Promise<void> {
  for (const job of await extractions.activeOf(userId, platform)) {
    if (!isExtraction(job)) {
      throw connectorErrors['job-active'](`"${platform}" is being reset; try again when that has ended.`, {
        members: { jobId: job.id },
      });
    }
    if (kind !== undefined && job.payload.kind !== kind) continue;
    const what = `An extraction of "${job.payload.kind}" from "${platform}" is active`;
    throw connectorErrors['job-active'](`${what}; wait for its end, or cancel it.`, {
      members: { job: toExtractionJob(job) },
    });
  }
}
