import type { Tokens } from './api.types.js';
import { ProblemError } from './problem.js';

const STORAGE_KEY = 'rapport.refresh-token';
/** Renewed this long before it expires, so that no request leaves with a token that dies on the way. */
const RENEW_BEFORE_MS = 30_000;

export type RenewTokens = (refreshToken: string) => Promise<Tokens>;
type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Who is signed in. The access token lives in memory only; the refresh token survives a reload of the tab. A refresh
 * token works once, and using one twice ends the session, so there is never more than one renewal under way.
 */
export class Session {
  private access?: { token: string; expiresAt: number };
  private renewal?: Promise<string>;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly storage: Storage,
    private readonly renewTokens: RenewTokens,
    private readonly now: () => number = Date.now,
  ) {}

  get signedIn(): boolean {
    return this.refreshToken !== null;
  }

  get refreshToken(): string | null {
    return this.storage.getItem(STORAGE_KEY);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  start({ accessToken, refreshToken, expiresIn }: Tokens): void {
    this.access = { token: accessToken, expiresAt: this.now() + expiresIn * 1000 };
    this.storage.setItem(STORAGE_KEY, refreshToken);
    this.tell();
  }

  end(): void {
    this.access = undefined;
    this.storage.removeItem(STORAGE_KEY);
    this.tell();
  }

  /** @throws ProblemError unauthenticated when nobody is signed in any more */
  async accessToken(): Promise<string> {
    const { access } = this;
    if (access && access.expiresAt - RENEW_BEFORE_MS > this.now()) return access.token;
    return this.renew();
  }

  /** Everybody who asks while a renewal is under way gets the token of that one. */
  renew(): Promise<string> {
    this.renewal ??= this.exchange().finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  private async exchange(): Promise<string> {
    const { refreshToken } = this;
    if (refreshToken === null) throw signedOut();
    try {
      const tokens = await this.renewTokens(refreshToken);
      // Signed out, or in as somebody else, while the answer was on its way.
      if (this.refreshToken !== refreshToken) throw signedOut();
      this.start(tokens);
      return tokens.accessToken;
    } catch (error) {
      const refused = error instanceof ProblemError && [400, 401].includes(error.problem.status);
      if (refused && this.refreshToken === refreshToken) this.end();
      throw error;
    }
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

const signedOut = (): ProblemError =>
  new ProblemError({
    code: 'unauthenticated',
    title: 'Signed out',
    status: 401,
    detail: 'Sign in to go on.',
  });
