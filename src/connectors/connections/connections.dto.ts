import { ApiProperty } from '@nestjs/swagger';
import type { ConfiguredProvider } from '../registry/provider.js';
import {
  CONNECTION_STATUSES,
  SYNC_STATUSES,
  type ConnectionRecord,
  type ConnectionStatus,
  type SyncStatus,
} from './connection.types.js';

/** Why a connection is of no use at present. */
export class ConnectionFault {
  /** A problem code. */
  code!: string;
  detail!: string;
}

/** One platform, connected or not. */
export class Connection {
  platform!: string;
  /** As people know it. */
  title!: string;
  /** Whether it can be connected here at all. */
  configured!: boolean;
  @ApiProperty({ enum: CONNECTION_STATUSES })
  status!: ConnectionStatus;
  /** What was allowed; empty where nothing was. */
  scopes!: string[];
  connectedAt!: string | null;
  /** Of the present access to the platform, which is renewed by itself; null where there is no end. */
  expiresAt!: string | null;
  /** End of the last extraction. */
  lastSyncAt!: string | null;
  @ApiProperty({ enum: SYNC_STATUSES, nullable: true })
  lastSyncStatus!: SyncStatus | null;
  /** Kinds of extraction that there are. */
  kinds!: string[];
  error?: ConnectionFault;
}

export class ConnectionList {
  items!: Connection[];
}

/** The shape that older clients read. */
export class OlderConnectionStatus {
  success!: boolean;
  data!: Connection[];
  /** Whether this is from the cache. */
  cached!: boolean;
}

export class EndedConnection {
  platform!: string;
  @ApiProperty({ enum: CONNECTION_STATUSES })
  status!: ConnectionStatus;
}

/** The shape that older clients read. */
export class OlderEndedConnection {
  success!: boolean;
  data!: EndedConnection;
}

const isoOf = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString();

/** A record may be minutes old: whether somebody is still under way is decided now. */
function statusOf(record: ConnectionRecord | undefined, nowMs: number): ConnectionStatus {
  const stored = record?.account?.status ?? 'disconnected';
  const isUnderWay = (record?.connectingUntil ?? 0) > nowMs;
  return isUnderWay && stored !== 'connected' ? 'connecting' : stored;
}

/** How a platform stands for a user; a provider that was removed since is shown as long as it is connected. */
export function toConnection(
  platform: string,
  provider: ConfiguredProvider | undefined,
  record: ConnectionRecord | undefined,
  nowMs: number,
): Connection {
  const title = provider?.title ?? platform;
  const account = record?.account;
  return {
    platform,
    title,
    configured: provider?.client !== undefined,
    status: statusOf(record, nowMs),
    scopes: account?.scopes ?? [],
    connectedAt: isoOf(account?.connectedAt),
    expiresAt: isoOf(account?.expiresAt),
    lastSyncAt: isoOf(account?.lastSyncAt),
    lastSyncStatus: account?.lastSyncStatus ?? null,
    kinds: Object.keys(provider?.kinds ?? {}),
    ...(account?.error ? { error: { code: account.error, detail: `Connect ${title} again.` } } : {}),
  };
}
