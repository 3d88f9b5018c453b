/**
 * What statements count on, whatever the server, the database or the role has as its default. Where a transaction saw the
 * database as it was at its first statement, a lock taken later would show it nothing of what was written before.
 */
const PINNED = '-c timezone=UTC -c default_transaction_isolation=read\\ committed';

/** The address with these options behind its own: `pg` prefers those in the address, and PostgreSQL the last that it reads. */
export function pinSession(url: string): string {
  const [address, ...query] = url.split('?');
  const parameters = new URLSearchParams(query.join('?'));
  parameters.set('options', [...parameters.getAll('options').slice(-1), PINNED].join(' '));
  return `${address}?${parameters.toString()}`;
}
