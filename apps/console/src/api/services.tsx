import { createContext, use } from 'react';
import type { ApiClient } from './api-client.js';
import type { LiveConnection } from './live-connection.js';
import type { Session } from './session.js';

export interface Services {
  session: Session;
  api: ApiClient;
  live: LiveConnection;
}

export const ServicesContext = createContext<Services | undefined>(undefined);

export function useServices(): Services {
  const services = use(ServicesContext);
  if (!services) throw new Error('Put the component inside <ServicesContext>.');
  return services;
}
