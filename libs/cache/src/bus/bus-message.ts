/** Why those who wait for an entry are woken. */
export type WakeReason = 'filled' | 'evicted' | 'abandoned';

/** What one instance tells the others, after it happened in the tier they share. Keys and tags hold no space. */
export type BusMessage =
  | { readonly kind: 'evict'; readonly cache: string; readonly key: string }
  | { readonly kind: 'clear'; readonly cache: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'wake'; readonly cache: string; readonly key: string; readonly reason: WakeReason };

const REASONS: Record<string, WakeReason> = { f: 'filled', e: 'evicted', a: 'abandoned' };

export const evictMessage = (instance: string, cache: string, key: string): string =>
  `k ${instance} ${cache} ${key}`;
export const clearMessage = (instance: string, cache: string): string => `c ${instance} ${cache}`;
export const tagMessage = (instance: string, tag: string): string => `t ${instance} ${tag}`;
/** Goes to the channels of those who wait, one's own among them. */
export const wakeMessage = (reason: WakeReason, cache: string, key: string): string =>
  `w ${reason[0]} ${cache} ${key}`;

/** Undefined for an own message, which was acted on before it was sent, and for one of an unknown kind. */
export function parseMessage(text: string, ownInstance: string): BusMessage | undefined {
  const [kind, origin = '', first = '', second = ''] = text.split(' ');
  if (kind === 'w') return { kind: 'wake', cache: first, key: second, reason: REASONS[origin] ?? 'evicted' };
  if (origin === ownInstance) return undefined;
  if (kind === 'k') return { kind: 'evict', cache: first, key: second };
  if (kind === 'c') return { kind: 'clear', cache: first };
  if (kind === 't') return { kind: 'tag', tag: first };
  return undefined;
}
