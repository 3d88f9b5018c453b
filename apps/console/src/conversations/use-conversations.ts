import { useCallback, useEffect, useState } from 'react';
import type { ConversationSummary, Page } from '../api/api.types.js';
import type { Problem } from '../api/problem.js';
import { useResource } from '../api/use-resource.js';

const STEP = 30;
/** The longest page that the service gives. */
const MAX = 100;

export interface Conversations {
  items?: ConversationSummary[];
  problem?: Problem;
  /** Undefined: all of them are shown, or as many as there can be. */
  showMore?: () => void;
  reload: () => void;
}

/** The newest conversations; read again when something happens here, or when one comes back to the page. */
export function useConversations(): Conversations {
  const [limit, setLimit] = useState(STEP);
  const { data, problem, reload } = useResource<Page<ConversationSummary>>(
    `/api/conversations?limit=${limit}`,
  );
  const [shown, setShown] = useState<Page<ConversationSummary>>();
  // A longer list replaces the shorter one when it is there, not before.
  if (data && data !== shown) setShown(data);
  useEffect(() => {
    const look = (): void => {
      if (!document.hidden) reload();
    };
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [reload]);
  const showMore = useCallback(() => setLimit((now) => Math.min(MAX, now + STEP)), []);
  const more = shown?.nextCursor != null && limit < MAX;
  return { items: shown?.items, problem, reload, showMore: more ? showMore : undefined };
}
