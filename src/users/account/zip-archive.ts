import { Zip, ZipDeflate } from 'fflate';

const LEVEL = 6;

/**
 * A ZIP archive of files that come in parts, made while it is read: no more of it is in memory than one part. Parts of
 * one file come one after the other.
 */
export async function* zipArchive(
  parts: AsyncIterable<{ file: string; content: Buffer }>,
): AsyncGenerator<Uint8Array> {
  const made: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    made.push(chunk);
  });
  let current: { file: string; entry: ZipDeflate } | undefined;
  for await (const { file, content } of parts) {
    if (current?.file !== file) {
      current?.entry.push(new Uint8Array(), true);
      const entry = new ZipDeflate(file, { level: LEVEL });
      zip.add(entry);
      current = { file, entry };
    }
    current.entry.push(content);
    yield* made.splice(0);
  }
  current?.entry.push(new Uint8Array(), true);
  zip.end();
  yield* made.splice(0);
}
