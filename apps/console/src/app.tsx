import { useSyncExternalStore } from 'react';
import { useServices } from './api/services.js';
import { Shell } from './shell.js';
import { SignInPage } from './sign-in/sign-in-page.js';

export function App() {
  const { session } = useServices();
  const signedIn = useSyncExternalStore(session.subscribe, () => session.signedIn);
  return signedIn ? <Shell /> : <SignInPage />;
}
