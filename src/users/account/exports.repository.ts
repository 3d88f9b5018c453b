import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';

export interface ExportRow {
  id: string;
  expiresAt: Date;
  readyAt: Date | null;
  createdAt: Date;
}

interface PartRow {
  file: string;
  content: Uint8Array;
}

/** What people take along, in parts, until it expires. */
@Injectable()
export class ExportsRepository {
  constructor(private readonly database: Database) {}

  async insert(jobId: string, userId: string, expiresAt: Date): Promise<void> {
    await this.database.manager.query(
      'INSERT INTO user_exports (job_id, user_id, expires_at) VALUES ($1, $2, $3)',
      [jobId, userId, expiresAt],
    );
  }

  async findOwned(userId: string, jobId: string): Promise<ExportRow | undefined> {
    const rows = await this.database.manager.query<ExportRow[]>(
      `SELECT job_id AS id, expires_at AS "expiresAt", ready_at AS "readyAt", created_at AS "createdAt"
       FROM user_exports WHERE job_id = $1 AND user_id = $2 AND expires_at > now()`,
      [jobId, userId],
    );
    return rows[0];
  }

  /** A part that a run before this one wrote stays as it is. */
  async addPart(jobId: string, position: number, file: string, content: Buffer): Promise<void> {
    await this.database.manager.query(
      `INSERT INTO user_export_parts (job_id, position, file, content) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING`,
      [jobId, position, file, content],
    );
  }

  async markReady(jobId: string): Promise<void> {
    await this.database.manager.query('UPDATE user_exports SET ready_at = now() WHERE job_id = $1', [jobId]);
  }

  async part(jobId: string, position: number): Promise<{ file: string; content: Buffer } | undefined> {
    const [row] = await this.database.manager.query<PartRow[]>(
      'SELECT file, content FROM user_export_parts WHERE job_id = $1 AND position = $2',
      [jobId, position],
    );
    return row && { file: row.file, content: Buffer.from(row.content) };
  }

  async deleteOf(userId: string, exceptJobId?: string): Promise<void> {
    await this.database.manager.query(
      'DELETE FROM user_exports WHERE user_id = $1 AND job_id IS DISTINCT FROM $2',
      [userId, exceptJobId ?? null],
    );
  }

  async deleteExpired(): Promise<void> {
    await this.database.manager.query('DELETE FROM user_exports WHERE expires_at < now()');
  }
}
