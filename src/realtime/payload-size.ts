/** What one more level of brackets and one name cost in JSON, about. */
const PER_MEMBER = 3;

/**
 * Bytes of a payload as it came over the wire, about: text in UTF-8, binary data as it is. Walks without recursion and
 * stops at `limit`, so that nothing a client nests, repeats or refers back to costs more than what is allowed.
 */
export function payloadBytes(payload: unknown, limit: number): number {
  const pending: unknown[] = [payload];
  let bytes = 0;
  while (pending.length > 0 && bytes <= limit) {
    const value = pending.pop();
    if (typeof value === 'string') bytes += Buffer.byteLength(value) + 2;
    else if (typeof value !== 'object' || value === null) bytes += String(value).length;
    else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) bytes += value.byteLength;
    else {
      for (const key in value) {
        if (!Object.hasOwn(value, key)) continue;
        bytes += PER_MEMBER + (Array.isArray(value) ? 0 : Buffer.byteLength(key));
        pending.push((value as Record<string, unknown>)[key]);
        if (bytes > limit) break;
      }
    }
  }
  return bytes;
}
