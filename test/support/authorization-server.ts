import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startProcess, type ServerProcess } from './server-process.js';

export interface ServerTallies {
  /** Requests for tokens with a code, and with a refresh token. */
  code: number;
  refresh: number;
  revoked: number;
  /** Tokens that it was asked to take back, those that it holds back included. */
  revoking: number;
  /** Every token that it has ever given. */
  issued: string[];
}

/** What {@link FaultyServer} does wrong. */
export type Fault =
  | ''
  | 'status-500'
  | 'status-400'
  | 'no-userinfo'
  | 'no-revocation'
  | 'error-200'
  | 'no-token'
  | 'wrong-issuer'
  | 'html'
  | 'bad-json'
  | 'silent';

/** Browsers follow at most so many redirects here. */
const MOST_STEPS = 10;

/** An authorisation server in a process of its own, because its package is loaded as ESM only. */
class ServerProgram {
  protected constructor(
    readonly issuer: string,
    private readonly process: ServerProcess,
  ) {}

  protected static async launch(program: string, ...args: string[]): Promise<[string, ServerProcess]> {
    const directory = mkdtempSync(join(tmpdir(), 'rapport-oidc-'));
    const path = resolve(__dirname, program);
    const server = await startProcess(process.execPath, [path, ...args], /listening at/, directory);
    return [/listening at (\S+)/.exec(server.lines.join('\n'))?.[1] ?? '', server];
  }

  get host(): string {
    return new URL(this.issuer).host;
  }

  /** What a browser does with an authorisation URL: the address that it is sent back to. */
  async visit(authorizationUrl: string): Promise<URL> {
    const cookies = new Map<string, string>();
    let url = new URL(authorizationUrl);
    for (let step = 0; url.origin === this.issuer; step++) {
      if (step === MOST_STEPS) throw new Error(`Browsers are sent in circles: ${url.href}`);
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${url.href}: ${response.status} ${await response.text()}`);
      url = new URL(location, url);
    }
    return url;
  }

  protected async control(query: string): Promise<unknown> {
    return (await fetch(`${this.issuer}/control?${query}`)).json();
  }

  stop(): Promise<void> {
    return this.process.end('SIGTERM');
  }
}

/** `oidc-provider`: refresh tokens are given anew with each use, and a second use of one ends the grant. */
export class AuthorizationServer extends ServerProgram {
  /** @param redirectUri the only one that it knows */
  static async start(redirectUri: string): Promise<AuthorizationServer> {
    return new AuthorizationServer(...(await this.launch('oidc-server.mjs', redirectUri)));
  }

  /** @param as who is logged in there; "deny" does not agree, and "one grant of …" always agrees to the same grant */
  visitAs(authorizationUrl: string, as: string): Promise<URL> {
    const url = new URL(authorizationUrl);
    url.searchParams.set('login_hint', as);
    return this.visit(url.href);
  }

  /**
   * @param answers with tokens, from now on: `held` back, or `given` at once; `released`: those that are held back, too
   */
  async tallies({ answers }: { answers?: 'held' | 'given' | 'released' } = {}): Promise<ServerTallies> {
    return (await this.control(answers ? `answers=${answers}` : '')) as ServerTallies;
  }

  /** From now on: takes tokens back only when it is told to. */
  async hold(revocations: 'held' | 'released'): Promise<void> {
    await this.control(`revocations=${revocations}`);
  }
}

/** `oauth2-mock-server`, which asks nobody anything. */
export class FaultyServer extends ServerProgram {
  static async start(): Promise<FaultyServer> {
    return new FaultyServer(...(await this.launch('faulty-oidc-server.mjs')));
  }

  /** From now on. */
  async make(fault: Fault): Promise<void> {
    await this.control(`fault=${fault}`);
  }

  async tallies(): Promise<Pick<ServerTallies, 'revoked' | 'issued'>> {
    return (await this.control('')) as ServerTallies;
  }
}
