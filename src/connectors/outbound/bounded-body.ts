import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};

/** What is wrong with a body, as the end of a sentence about who sent it. */
export class BodyFault extends Error {}

/**
 * A body as text, decompressed. The limit counts what comes out of the decompression, and nothing beyond it is unpacked: a
 * small body that becomes a huge one ends as early as a huge one.
 * @throws BodyFault
 */
export async function boundedText(body: Readable, encoding: string, maxBytes: number): Promise<string> {
  const plain = encoding === '' || encoding === 'identity';
  const decoder = plain ? undefined : DECODERS[encoding];
  if (!plain && !decoder) {
    discard(body);
    throw new BodyFault('answered in a compression that is not known here');
  }
  const source = decoder ? pipeline(body, decoder(), () => undefined) : body;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new BodyFault(`answered with more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_'))
      throw new BodyFault('answered with a damaged compression');
    throw error;
  } finally {
    if (!body.readableEnded) discard(body);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Ends a body that nobody reads, and with it the connection. */
export function discard(body: Readable): void {
  // It ends with an error, for which nobody is there any more.
  body.on('error', () => undefined).destroy();
}
