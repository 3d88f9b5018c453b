/**
 * The URL as browsers will read it, if it lies under an entry of the list: the same origin, and a path that is the
 * entry's or goes on from it after a slash. Undefined otherwise.
 */
export function allowedReturnUrl(given: string, allowed: readonly string[]): string | undefined {
  if (!URL.canParse(given)) return undefined;
  const url = new URL(given);
  if (url.username !== '' || url.password !== '') return undefined;
  return allowed.some((entry) => liesUnder(url, new URL(entry))) ? url.href : undefined;
}

function liesUnder(url: URL, entry: URL): boolean {
  // An opaque origin is "null", as is every other one of its kind.
  if (entry.origin === 'null' || url.origin !== entry.origin) return false;
  const base = entry.pathname.replace(/\/+$/, '');
  return url.pathname === base || url.pathname.startsWith(`${base}/`);
}
