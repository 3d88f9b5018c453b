import { useSyncExternalStore } from 'react';

export type Route = { page: 'home' } | { page: 'status' } | { page: 'chat'; conversationId: string };

export const HOME = '#/';
export const STATUS = '#/status';
export const chatHref = (conversationId: string): string => `#/c/${conversationId}`;

/** Places of the console are fragments, so that the service has one page to serve and unknown paths stay unknown. */
function routeOf(hash: string): Route {
  const [, page, id] = hash.split('/');
  if (page === 'status') return { page };
  return page === 'c' && id ? { page: 'chat', conversationId: id } : { page: 'home' };
}

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
};

export function useRoute(): Route {
  return routeOf(useSyncExternalStore(subscribe, () => window.location.hash));
}
