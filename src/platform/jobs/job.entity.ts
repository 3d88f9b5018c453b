import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Problem } from '../http/problem.js';
import type { Job, JobProgress, JobStatus } from './job.js';

/** A job's row, for lists; whatever changes one is a statement of the repository. */
@Entity('jobs')
export class JobEntity implements Job {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  kind!: string;

  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  @Column('text', { nullable: true })
  key!: string | null;

  @Column('text')
  status!: JobStatus;

  @Column('jsonb')
  progress!: JobProgress;

  @Column('jsonb')
  payload!: unknown;

  @Column('jsonb', { nullable: true })
  checkpoint!: unknown;

  @Column('jsonb', { nullable: true })
  result!: unknown;

  @Column('jsonb', { nullable: true })
  error!: Partial<Problem> | null;

  @Column('int')
  attempts!: number;

  @Column('int', { name: 'max_attempts' })
  maxAttempts!: number;

  @Column('int')
  fence!: number;

  @Column('timestamptz', { name: 'cancel_requested_at', nullable: true })
  cancelRequestedAt!: Date | null;

  @Column('timestamptz', { name: 'resume_at' })
  resumeAt!: Date;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
