import type { Answer, Api, Problem } from './api-client.js';

/** A request that must be refused. */
export interface Attempt {
  method: string;
  path: string;
  what: string;
  /** What the contract allows. */
  expected: number[];
  headers?: Record<string, string>;
  body?: string;
  /** Where the fault is, as the problem must say. */
  pointer?: string;
  api?: Api;
}

/** Why an answer is not the refusal that was due; undefined when it is. */
export function faultOf(
  { what, method, path, expected, pointer }: Attempt,
  answer: Answer<Problem>,
): string | undefined {
  const { status, headers, body } = answer;
  const name = `${method} ${path}, ${what}:`;
  if (!expected.includes(status))
    return `${name} ${status} instead of ${expected.join('/')} ${JSON.stringify(body)}`;
  if (!headers.get('content-type')?.startsWith('application/problem+json'))
    return `${name} no problem document`;
  if (body.status !== status || body.type !== `/problems/${body.code}` || !body.detail || !body.requestId) {
    return `${name} an incomplete problem ${JSON.stringify(body)}`;
  }
  if (headers.get('x-request-id') !== body.requestId) return `${name} another request id than the header`;
  if (pointer && !body.errors?.some((error) => error.pointer.startsWith(pointer))) {
    return `${name} nothing about ${pointer} ${JSON.stringify(body.errors)}`;
  }
  return undefined;
}

/** Makes all attempts and tells all faults, so that one run shows everything that is wrong. */
export async function faultsOf(caller: Api, attempts: Attempt[]): Promise<string[]> {
  if (attempts.length === 0) throw new Error('There is nothing to attempt: the test would prove nothing.');
  const faults = [];
  for (const attempt of attempts) {
    const { api = caller, method, path, headers = {}, body } = attempt;
    const response = await api.fetch(path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body,
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    const parsed = (json ? JSON.parse(text) : text) as Problem;
    faults.push(
      faultOf(attempt, { status: response.status, headers: response.headers, body: parsed, queries: 0 }),
    );
  }
  return faults.filter((fault) => fault !== undefined);
}
