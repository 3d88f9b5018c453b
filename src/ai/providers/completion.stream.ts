import { createParser } from 'eventsource-parser';
import { parseCompletion, type CompletionEvent } from './completion.events.js';
import type { ResponseBody } from './response.body.js';
import { brokenReply } from './upstream.errors.js';

/** One event carries a few words; a megabyte without a line end is not a completion. */
const MAX_EVENT_CHARS = 1024 * 1024;
/** How long to wait, once the reply is finished, for the usage and the end mark that some servers never send. */
const AFTERWORD_MS = 1_000;

/**
 * The events of a streamed completion.
 *
 * @throws AppError `upstream-failed` when the stream ends, or breaks, before the reply is finished.
 */
export async function* readCompletion(
  body: ResponseBody,
  silenceMs: number,
): AsyncGenerator<CompletionEvent> {
  const pending: string[] = [];
  let tooLong = false;
  const parser = createParser({
    onEvent: ({ data }) => pending.push(data),
    onError: ({ type }) => {
      tooLong ||= type === 'max-buffer-size-exceeded';
    },
    maxBufferSize: MAX_EVENT_CHARS,
  });
  let finished = false;
  for (;;) {
    const piece = await nextPiece(body, finished ? Math.min(AFTERWORD_MS, silenceMs) : silenceMs, finished);
    if (piece === undefined) {
      // A last event without its blank line is complete all the same.
      parser.feed('\n\n');
    } else {
      parser.feed(piece);
    }
    if (tooLong) throw brokenReply(`sent an event of more than ${MAX_EVENT_CHARS} characters`);
    for (const data of pending.splice(0)) {
      if (data.trim() === '[DONE]') return;
      const event = parseCompletion(data);
      finished ||= event.finishReason !== undefined;
      yield event;
    }
    if (piece === undefined) {
      if (!finished) throw brokenReply('ended the stream before the reply was finished');
      return;
    }
  }
}

async function nextPiece(
  body: ResponseBody,
  silenceMs: number,
  finished: boolean,
): Promise<string | undefined> {
  try {
    return await body.next(silenceMs);
  } catch (error) {
    body.throwIfStopped();
    if (finished) return undefined;
    throw error;
  }
}
