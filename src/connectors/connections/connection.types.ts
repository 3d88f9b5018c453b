/** connecting is never stored: it is an open authorisation. */
export const CONNECTION_STATUSES = [
  'disconnected',
  'connecting',
  'connected',
  'needs_reauth',
  'error',
] as const;
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number];

/** How a run of extraction ended. */
export const SYNC_STATUSES = ['succeeded', 'failed', 'cancelled'] as const;
export type SyncStatus = (typeof SYNC_STATUSES)[number];

/** What is known of one platform of a user, without any token. Times are milliseconds since 1970. */
export interface ConnectionRecord {
  platform: string;
  /** Null where there is only an open authorisation. */
  account: ConnectedAccount | null;
  /** Until when somebody may still come back from the platform; null when nobody is under way. */
  connectingUntil: number | null;
}

export interface ConnectedAccount {
  status: 'connected' | 'needs_reauth' | 'error';
  scopes: string[];
  accountId: string;
  name: string | null;
  profileUrl: string | null;
  pictureUrl: string | null;
  connectedAt: number;
  /** Of the access token, which is renewed by itself; null where the platform does not say. */
  expiresAt: number | null;
  lastSyncAt: number | null;
  lastSyncStatus: SyncStatus | null;
  /** A problem code. */
  error: string | null;
  updatedAt: number;
}

/** Somebody, as a platform shows them. */
export interface PlatformProfile {
  platform: string;
  accountId: string;
  name: string | null;
  profileUrl: string | null;
  pictureUrl: string | null;
}
