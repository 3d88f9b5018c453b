/** The platform takes no more requests before that. */
export class ProviderBusy extends Error {
  override readonly name = 'ProviderBusy';

  constructor(
    platform: string,
    readonly until: Date,
  ) {
    super(`${platform} takes no more requests before ${until.toISOString()}.`);
  }
}
