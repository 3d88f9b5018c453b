/** What a request to another service asks for. */
export interface OutboundRequest {
  /** Who is asked, as errors name it. @default the address's host */
  of?: string;
  method?: 'GET' | 'POST' | 'DELETE';
  headers?: Record<string, string>;
  body?: string;
  /** Ends it early. */
  signal?: AbortSignal;
  /** For the whole answer. @default 10_000 */
  timeoutMs?: number;
  /** Of the answer's body. @default 2 MiB */
  maxBytes?: number;
}

/** A whole answer, its body parsed as JSON. */
export interface OutboundAnswer {
  status: number;
  headers: Headers;
  /** Undefined for an empty body. */
  body: unknown;
}
