/** What one instance tells the others, after it happened in Redis. Keys and tags hold no space. */
export type BusMessage =
  | { readonly kind: 'evict'; readonly cache: string; readonly key: string }
  | { readonly kind: 'clear'; readonly cache: string; readonly stamp: string }
  | { readonly kind: 'tag'; readonly tag: string };

export const evictMessage = (instance: string, cache: string, key: string): string =>
  `k ${instance} ${cache} ${key}`;

/** The script adds the stamp. */
export const clearMessage = (instance: string, cache: string): string => `c ${instance} ${cache} `;

/** The script adds the stamp. */
export const tagMessage = (instance: string, tag: string): string => `t ${instance} ${tag} `;

/** Undefined for an own message, which was acted on before it was sent, and for one of an unknown kind. */
export function parseMessage(text: string, ownInstance: string): BusMessage | undefined {
  const [kind, instance, first = '', second = ''] = text.split(' ');
  if (instance === ownInstance) return undefined;
  if (kind === 'k') return { kind: 'evict', cache: first, key: second };
  if (kind === 'c') return { kind: 'clear', cache: first, stamp: second };
  if (kind === 't') return { kind: 'tag', tag: first };
  return undefined;
}
