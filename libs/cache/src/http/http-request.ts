/**
 * What Fastify's and Express's requests have in common. Annotate the parameter of a key function with the route's
 * own parameters to have them typed: `(request: HttpRequest<{ id: string }>) => [request.params.id]`.
 */
export interface HttpRequest<
  Params extends object = Readonly<Record<string, string>>,
  Query extends object = Readonly<Record<string, unknown>>,
> {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: Params;
  readonly query: Query;
  /** Set by guards, if at all. */
  readonly user?: unknown;
  readonly actor?: unknown;
}

/** A header as one text, absent when it was not sent. */
export function headerOf(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
