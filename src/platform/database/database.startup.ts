import { StartupError } from '../errors/startup-error.js';

const OLDEST_MAJOR = 15;

const FIXES: Record<string, string> = {
  '28P01': 'Correct the user name and password in DATABASE_URL.',
  '28000': 'Correct the user in DATABASE_URL, or allow it in pg_hba.conf.',
  '3D000': 'Create the database (CREATE DATABASE …), or correct its name in DATABASE_URL.',
  '53300': 'Raise max_connections of the server, or lower DATABASE_POOL_SIZE.',
  ENOTFOUND: 'Correct the host name in DATABASE_URL.',
  EAI_AGAIN: 'Correct the host name in DATABASE_URL, or repair name resolution.',
};
const UNREACHABLE = 'Start PostgreSQL, correct DATABASE_URL, or unset it to use the embedded database.';

/** `postgres://user@host:port/name`, without the password. */
function describe(url: string): string {
  try {
    const { protocol, username, host, pathname } = new URL(url);
    return `${protocol}//${username ? `${username}@` : ''}${host}${pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}

/** Turns the first failed connection into one message with its fix; the password stays out of it. */
export function explainConnectionFailure(error: unknown, url: string): StartupError {
  const cause = error as { code?: string; message?: string; errors?: { message: string }[] };
  const reason = cause.message || cause.errors?.map(({ message }) => message).join(', ') || String(error);
  return new StartupError(
    `PostgreSQL at ${describe(url)} cannot be used: ${reason}.`,
    FIXES[cause.code ?? ''] ?? UNREACHABLE,
    { cause: error },
  );
}

export function refuseOldServer(version: string): void {
  const major = Number.parseInt(version, 10);
  if (major >= OLDEST_MAJOR) return;
  throw new StartupError(
    `The server is PostgreSQL ${version}; Rapport needs ${OLDEST_MAJOR} or newer.`,
    'Upgrade PostgreSQL, or unset DATABASE_URL to use the embedded database.',
  );
}

export const newerSchema = (unknown: readonly string[]): StartupError =>
  new StartupError(
    `The database was migrated by a newer Rapport (unknown migrations: ${unknown.join(', ')}).`,
    'Start that version or a newer one; migrations only go forward. Or use another database.',
  );
