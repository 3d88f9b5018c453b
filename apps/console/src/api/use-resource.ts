import { useCallback, useEffect, useState } from 'react';
import { problemOf, type Problem } from './problem.js';
import { useServices } from './services.js';

interface Options {
  /** Asks again this long after each answer, while the page is seen. */
  everyMs?: number;
  /** See `Call`. */
  accept?: readonly number[];
}

interface Resource<Body> {
  data?: Body;
  /** The last attempt failed; `data` is what came before it. */
  problem?: Problem;
  reload: () => void;
}

/** What a GET answers, read anew when the path changes or `reload` is called. */
export function useResource<Body>(path: string, { everyMs, accept }: Options = {}): Resource<Body> {
  const { api } = useServices();
  const [state, setState] = useState<{ path: string; data?: Body; problem?: Problem }>({ path });
  const [round, setRound] = useState(0);
  const accepted = accept?.join();
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        const statuses = accepted?.split(',').map(Number);
        const data = await api.get<Body>(path, { signal, accept: statuses });
        if (!signal.aborted) setState({ path, data });
      } catch (error) {
        if (signal.aborted) return;
        setState((before) => ({ ...(before.path === path ? before : { path }), problem: problemOf(error) }));
      }
    };
    const poll = (): void => {
      const seen = document.hidden ? Promise.resolve() : load();
      void seen.then(() => {
        if (everyMs !== undefined && !signal.aborted) timer = setTimeout(poll, everyMs);
      });
    };
    poll();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [api, path, everyMs, accepted, round]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  return state.path === path ? { ...state, reload } : { reload };
}
