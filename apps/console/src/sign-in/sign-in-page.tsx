import { useState } from 'react';
import { send } from '../api/api-client.js';
import type { Tokens } from '../api/api.types.js';
import { problemOf, type Problem } from '../api/problem.js';
import { useServices } from '../api/services.js';
import { ProblemNotice } from '../ui/problem-notice.js';
import { CredentialsForm, type Credentials } from './credentials-form.js';

type Mode = 'login' | 'register';

/** An embedded database that nobody has registered in has this account; see DEMO_DATA in the service's settings. */
const DEMO: Credentials = { email: 'demo@rapport.local', password: 'rapport-demo' };
const mayHaveDemo = ['localhost', '127.0.0.1', '[::1]'].includes(window.location.hostname);

export function SignInPage() {
  const { session } = useServices();
  const [mode, setMode] = useState<Mode>('login');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function submit(to: Mode, credentials: Credentials): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      session.start(await send<Tokens>('POST', `/api/auth/${to}`, { body: credentials }));
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  }

  return (
    <main className="welcome">
      <section className="card">
        <h1>
          <img src="/favicon.svg" alt="" width="40" height="40" /> Rapport
        </h1>
        <p className="muted">Conversations with characters who remember what you said.</p>
        {problem && <ProblemNotice problem={problem} />}
        {mayHaveDemo && mode === 'login' && (
          <>
            <button
              type="button"
              className="primary wide"
              disabled={busy}
              onClick={() => void submit('login', DEMO)}
            >
              Try the demo account
            </button>
            <p className="divider">or</p>
          </>
        )}
        <CredentialsForm
          key={mode}
          registering={mode === 'register'}
          busy={busy}
          onSubmit={(credentials) => void submit(mode, credentials)}
        />
        <p className="muted small">
          {mode === 'login' ? 'New here? ' : 'Have an account? '}
          <button
            type="button"
            className="link"
            onClick={() => {
              setMode(mode === 'login' ? 'register' : 'login');
              setProblem(undefined);
            }}
          >
            {mode === 'login' ? 'Open an account' : 'Sign in'}
          </button>
        </p>
      </section>
    </main>
  );
}
