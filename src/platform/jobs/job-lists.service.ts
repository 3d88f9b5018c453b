import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Page, PageQuery } from '../pagination/page.dto.js';
import { Pagination } from '../pagination/pagination.js';
import type { KeysetColumn } from '../pagination/keyset.js';
import type { Job, JobStatus } from './job.js';
import { JobEntity } from './job.entity.js';

/** Which jobs of a user a list has. */
export interface JobListFilter {
  userId: string;
  kind: string;
  status?: JobStatus;
  /** Members that the payload must have, with these values. */
  payload?: Readonly<Record<string, string>>;
}

/** Ids rise with time: newest first. */
const KEYS: KeysetColumn[] = [{ expression: 'job.id', type: 'uuid', direction: 'desc' }];

/** Pages of a user's jobs, those included that have ended and are kept. */
@Injectable()
export class JobLists {
  constructor(
    private readonly database: Database,
    private readonly pagination: Pagination,
  ) {}

  /** @param list its name, for cursors @throws invalid-cursor */
  page<Item>(
    list: string,
    filter: JobListFilter,
    request: Pick<PageQuery, 'limit' | 'cursor' | 'order'>,
    toItem: (job: Job) => Item,
  ): Promise<Page<Item>> {
    const { userId, kind, status, payload } = filter;
    const query = this.database.manager
      .createQueryBuilder(JobEntity, 'job')
      .where('job.user_id = :userId AND job.kind = :kind', { userId, kind });
    if (status) query.andWhere('job.status = :status', { status });
    if (payload)
      query.andWhere('job.payload @> CAST(:payload AS jsonb)', { payload: JSON.stringify(payload) });
    return this.pagination.page({ query, request, list, filters: { ...filter }, keys: KEYS, toItem });
  }
}
