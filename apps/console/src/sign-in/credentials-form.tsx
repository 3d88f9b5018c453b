import { useId, type FormEvent } from 'react';

export interface Credentials {
  email: string;
  password: string;
  username?: string;
}

interface Props {
  registering: boolean;
  busy: boolean;
  onSubmit: (credentials: Credentials) => void;
}

const MIN_PASSWORD = 8;

export function CredentialsForm({ registering, busy, onSubmit }: Props) {
  const id = useId();

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const text = (name: string): string => (fields.get(name) as string | null) ?? '';
    onSubmit({
      email: text('email'),
      password: text('password'),
      ...(registering ? { username: text('username') } : {}),
    });
  }

  return (
    <form onSubmit={submit}>
      {registering && (
        <label htmlFor={`${id}-username`}>
          Username
          <input
            id={`${id}-username`}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            required
            minLength={3}
            maxLength={30}
          />
        </label>
      )}
      <label htmlFor={`${id}-email`}>
        Email
        <input id={`${id}-email`} name="email" type="email" autoComplete="email" required maxLength={254} />
      </label>
      <label htmlFor={`${id}-password`}>
        Password
        <input
          id={`${id}-password`}
          name="password"
          type="password"
          autoComplete={registering ? 'new-password' : 'current-password'}
          required
          minLength={registering ? MIN_PASSWORD : 1}
        />
      </label>
      <button type="submit" className={registering ? 'primary wide' : 'wide'} disabled={busy}>
        {registering ? 'Open an account' : 'Sign in'}
      </button>
    </form>
  );
}
