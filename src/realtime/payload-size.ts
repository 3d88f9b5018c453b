/** What a comma, a colon or a pair of brackets costs in JSON, about. */
const PER_MEMBER = 2;

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
      for (const member of membersOf(value)) {
        bytes += PER_MEMBER;
        pending.push(member);
        if (bytes > limit) break;
      }
    }
  }
  return bytes;
}

/** The items of an array, or the names and values of an object. */
const membersOf = (value: object): Iterable<unknown> =>
  Array.isArray(value) ? (value as unknown[]) : Object.entries(value).flat();
