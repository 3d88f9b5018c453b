import { platformErrors } from '../../platform/errors/platform.errors.js';
import type { ReplyChunk } from '../ai.types.js';
import type { PeekedChunks } from './completions.types.js';

/**
 * Waits for the first words of a reply, so that a model that gives none is an error and not an answer that breaks off.
 * @throws whatever the source threw; upstream-failed for a reply without words
 */
export async function peek(source: AsyncGenerator<ReplyChunk>): Promise<PeekedChunks> {
  const first = await source.next();
  if (first.done || first.value.type === 'end') {
    await source.return(undefined);
    throw platformErrors['upstream-failed']('The model gave no answer; try again.');
  }
  let waiting: IteratorResult<ReplyChunk> | undefined = first;
  const peeked: PeekedChunks = {
    next() {
      const result = waiting ? Promise.resolve(waiting) : source.next();
      waiting = undefined;
      return result;
    },
    return: () => source.return(undefined),
    [Symbol.asyncIterator]: () => peeked,
  };
  return peeked;
}
