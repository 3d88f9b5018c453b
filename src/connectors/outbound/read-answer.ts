import type { Dispatcher } from 'undici';
import { BodyFault, boundedText, discard } from './bounded-body.js';
import type { OutboundAnswer } from './outbound.js';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** An answer with its body as it came, too. */
export interface ReadAnswer extends OutboundAnswer {
  text: string;
}

/**
 * What comes with an error may be anything; only an answer that is to be used has to be JSON.
 * @throws BodyFault, and whatever breaks the connection off
 */
export async function readAnswer(
  { statusCode: status, headers: raw, body }: Dispatcher.ResponseData<unknown>,
  maxBytes: number,
): Promise<ReadAnswer> {
  const headers = toHeaders(raw);
  const isError = status >= 400;
  const type = headers.get('content-type') ?? '';
  const encoding = (headers.get('content-encoding') ?? '').trim().toLowerCase();
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
  const empty: ReadAnswer = { status, headers, body: undefined, text: '' };
  if (isError && !JSON_TYPE.test(type)) {
    discard(body);
    return empty;
  }
  try {
    const text = await boundedText(body, encoding, maxBytes);
    if (text === '') return empty;
    if (!JSON_TYPE.test(type)) throw new BodyFault(`answered with ${kindOf(type)}`);
    return { status, headers, body: jsonOf(text), text };
  } catch (error) {
    if (isError && error instanceof BodyFault) return empty;
    throw error;
  }
}

/** Not the type itself: a header of somebody else does not become part of a message. */
const kindOf = (type: string): string =>
  /^text\/html\b/i.test(type) ? 'a web page in place of JSON' : 'something that is not JSON';

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new BodyFault('answered with JSON that is none');
  }
}

function toHeaders(raw: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  return headers;
}
