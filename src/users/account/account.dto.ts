import { exportContentUrl, type AccountExport } from './account-exports.service.js';

const STATUSES = ['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'] as const;

/** `GET /api/jobs/{jobId}` tells how it goes. */
export class JobOrdered {
  jobId!: string;
}

/** What a person takes along. */
export class UserExport {
  id!: string;
  status!: (typeof STATUSES)[number];
  /** A ZIP archive; null until it is ready. */
  contentUrl!: string | null;
  createdAt!: string;
  expiresAt!: string;
}

export const toUserExport = ({ id, status, readyAt, createdAt, expiresAt }: AccountExport): UserExport => ({
  id,
  status,
  contentUrl: readyAt ? exportContentUrl(id) : null,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
});
