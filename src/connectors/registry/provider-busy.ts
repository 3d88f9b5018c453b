/** The platform takes no more requests before that. */
export class ProviderBusy extends Error {
  override readonly name = 'ProviderBusy';

  /** @param refused the platform said so itself to this request; otherwise it is not its turn yet */
  constructor(
    platform: string,
    readonly until: Date,
    readonly refused: boolean,
  ) {
    super(`${platform} takes no more requests before ${until.toISOString()}.`);
  }
}
