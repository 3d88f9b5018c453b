import { Injectable } from '@nestjs/common';

/** How long what may take while tokens are given and renewed, in milliseconds. */
@Injectable()
export class RefreshTimes {
  /** The platform's answer to a request for tokens; the guarded client, which knows what was sent, gives up before. */
  readonly requestMs: number = 11_000;
  /** New tokens are offered to a database that is away for so long. */
  readonly storeMs: number = 15_000;
  /** The last of these offers may take so long: longer than the database's own deadlines for a statement. */
  readonly lastStoreMs: number = 20_000;
  /** A process that stands still for longer between its claim and its request does not send it any more. */
  readonly slackMs: number = 10_000;
  /** After a refusal that says nothing about the grant, until the next request. */
  readonly pauseMs: number = 3_000;
  /** Those who find a renewal under way wait so long for it. */
  readonly waitMs: number = 12_000;

  /** A grant that somebody may be on the way back to is not given back before it has been looked at again. */
  readonly returnMs: number = 2_000;
  /** Who begins to connect waits so long for a grant that is just being given back: two requests that end in time. */
  readonly revocationMs: number = 12_000;

  /** Nobody else uses the refresh token meanwhile: as long as the one who has it may still send it, or store the answer. */
  get claimMs(): number {
    return this.slackMs + this.requestMs + this.storeMs + this.lastStoreMs;
  }

  /** After a request without an answer: the platform may still be at work on it. */
  get unknownMs(): number {
    return 2 * this.requestMs;
  }
}
