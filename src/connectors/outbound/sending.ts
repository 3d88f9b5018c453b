import type { Dispatcher } from 'undici';

/** How far a request has come; given along as `opaque`. */
export interface Sending {
  /** It may have reached the other end. */
  hasBegun: boolean;
}

/** Notes that a request begins to be written: before that, nothing can have happened at the other end. */
export const notesSending: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const { opaque: sending } = options as { opaque?: Sending };
  // Handlers have the one or the other.
  for (const name of ['onConnect', 'onRequestStart'] as const) {
    const begins = handler[name] as ((...args: unknown[]) => void) | undefined;
    if (!begins) continue;
    handler[name] = (...args: unknown[]) => {
      if (sending) sending.hasBegun = true;
      begins.apply(handler, args);
    };
  }
  return dispatch(options, handler);
};
