import { negotiate } from './media-types.js';

describe('negotiate', () => {
  const JSON_TYPE = 'application/json';
  const SSE = 'text/event-stream';

  it.each<[string | undefined, string | undefined]>([
    [undefined, JSON_TYPE],
    ['', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['text/event-stream', SSE],
    ['TEXT/Event-Stream; charset=utf-8', SSE],
    ['application/json;q=0.5, text/event-stream', SSE],
    ['text/*, application/json;q=0.9', SSE],
    ['*/*;q=0.1, application/json;q=0', SSE],
    ['text/html', undefined],
    ['application/json;q=x', undefined],
    ['application/problem+json', undefined],
  ])('Accept: %s', (accept, type) => expect(negotiate(accept, [JSON_TYPE, SSE])).toBe(type));
});
