/** The caller as one platform shows them. */
export class ConnectedProfile {
  platform!: string;
  accountId!: string;
  name!: string | null;
  profileUrl!: string | null;
  pictureUrl!: string | null;
}

export class ConnectedProfiles {
  items!: ConnectedProfile[];
}
