import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiClient, send } from './api/api-client.js';
import type { Tokens } from './api/api.types.js';
import { LiveConnection } from './api/live-connection.js';
import { ServicesContext } from './api/services.js';
import { Session } from './api/session.js';
import { App } from './app.js';
import './styles/base.css';
import './styles/layout.css';
import './styles/chat.css';
import './styles/status.css';

const session = new Session(sessionStorage, (refreshToken) =>
  send<Tokens>('POST', '/api/auth/refresh', { body: { refreshToken } }),
);
const services = { session, api: new ApiClient(session), live: new LiveConnection(session) };

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id root.');
createRoot(root).render(
  <StrictMode>
    <ServicesContext value={services}>
      <App />
    </ServicesContext>
  </StrictMode>,
);
