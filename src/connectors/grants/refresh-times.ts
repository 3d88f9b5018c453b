import { Injectable } from '@nestjs/common';

/** How long what may take while tokens are given and renewed, in milliseconds. */
@Injectable()
export class RefreshTimes {
  /** The platform's answer to a request for tokens. */
  readonly requestMs: number = 10_000;
  /** After a refusal that says nothing about the grant, until the next request. */
  readonly pauseMs: number = 3_000;
  /** Those who find a renewal under way wait so long for it. */
  readonly waitMs: number = 12_000;

  /** Nobody else uses the refresh token meanwhile: longer than the request and the storing of its answer. */
  get claimMs(): number {
    return 3 * this.requestMs;
  }
}
