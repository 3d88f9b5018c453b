import { QueryFailedError } from 'typeorm';

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';
const UNIQUE_VIOLATION = '23505';

interface PostgresError {
  code?: string;
  constraint?: string;
}

const postgresError = (error: unknown): PostgresError | undefined =>
  error instanceof QueryFailedError ? (error.driverError as PostgresError) : undefined;

/** Whether running the same transaction again can succeed. */
export const isSerializationConflict = (error: unknown): boolean =>
  [SERIALIZATION_FAILURE, DEADLOCK_DETECTED].includes(postgresError(error)?.code ?? '');

/** Whether a write failed because a row with the same key exists; `constraint` narrows it to one key. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const failure = postgresError(error);
  return (
    failure?.code === UNIQUE_VIOLATION && (constraint === undefined || failure.constraint === constraint)
  );
}
