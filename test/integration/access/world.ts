import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { HealthService } from '../../../src/health/health.service.js';
import { Jobs } from '../../../src/platform/jobs/jobs.service.js';
import { Api, expectStatus, newCharacter, newPerson, Person } from '../../support/api-client.js';
import type { Answer, Character, Conversation, Message } from '../../support/api-client.js';
import { eventually } from '../../support/eventually.js';
import { startApp, type RunningApp } from '../../support/running-app.js';
import { adminToken } from '../../support/tokens.js';

/**
 * Who asks. The owner owns what is asked about; the member talks to a public character of the owner's in a conversation
 * of their own; the other has nothing to do with either.
 */
export const CALLERS = ['anonymous', 'other', 'member', 'admin', 'owner'] as const;
export type Caller = (typeof CALLERS)[number];

/** Whatever somebody is answered who may not see it, this must not be in it. */
export const SECRET = 'the owner’s secret';

/** A conversation of the owner's with a private character. */
export interface Talk {
  conversation: Conversation;
  message: Message;
  /** Present when it was answered. */
  reply?: Message;
  generationId: string;
}

/** One service with people and what belongs to them. */
export class World {
  private shared?: Promise<Talk>;

  private constructor(
    private readonly running: RunningApp,
    readonly people: Record<Exclude<Caller, 'anonymous'>, Person>,
    readonly secret: Character,
    readonly shown: Character,
  ) {}

  static async create(): Promise<World> {
    const running = await startApp({
      SOCKET_MAX_PER_USER: '50',
      USAGE_FREE_TEXT_PER_DAY: '10000',
      CONNECTOR_SPOTIFY_CLIENT_ID: 'rapport',
    });
    running.app.get(HealthService).started = true;
    const [owner, member, other, someone] = (await Promise.all(
      [1, 2, 3, 4].map(() => newPerson(running.url)),
    )) as [Person, Person, Person, Person];
    const admin = new Person(running.url, await adminToken(someone.user.id), someone.user, someone.password);
    const hidden = { name: SECRET, firstMessage: SECRET, visibility: 'private' };
    const secret = expectStatus(201, await owner.post<Character>('/api/characters', hidden));
    const shown = await newCharacter(owner);
    await member.converse(shown.id);
    return new World(running, { owner, member, other, admin }, secret, shown);
  }

  get app(): RunningApp['app'] {
    return this.running.app;
  }

  get url(): string {
    return this.running.url;
  }

  get owner(): Person {
    return this.people.owner;
  }

  callerAs(caller: Caller): Api {
    return caller === 'anonymous' ? new Api(this.url) : this.people[caller];
  }

  /** For what can be done once: somebody of the same kind who is not needed afterwards. */
  async nobodyElse(caller: Caller): Promise<Api> {
    if (caller === 'anonymous') return new Api(this.url);
    const person = await newPerson(this.url);
    return caller === 'admin' ? new Api(this.url, await adminToken(person.user.id)) : person;
  }

  /** A private character that may be changed and removed. */
  async character(): Promise<Character> {
    const hidden = { name: SECRET, firstMessage: SECRET, visibility: 'private' };
    return expectStatus(201, await this.owner.post<Character>('/api/characters', hidden));
  }

  /** A conversation that may be changed and removed. */
  async talk(reply: 'none' | 'stream' = 'none'): Promise<Talk> {
    const conversation = await this.owner.converse(this.secret.id);
    const posted = await this.owner.say(conversation.id, SECRET, { mode: reply });
    const { message, generation } = expectStatus(reply === 'none' ? 201 : 202, posted);
    if (!generation) return { conversation, message, generationId: randomUUID() };
    const { last } = await this.owner.follow(generation);
    return { conversation, message, reply: last.data.message, generationId: generation.id };
  }

  /** One that was answered, for everybody to ask about. */
  sharedTalk(): Promise<Talk> {
    this.shared ??= this.talk('stream');
    return this.shared;
  }

  /** A conversation that has a summary. */
  async summarized(): Promise<string> {
    const { conversation } = await this.talk();
    const path = `/api/conversations/${conversation.id}/summary`;
    expectStatus(202, await this.owner.post(path));
    return eventually('the summary', async () =>
      (await this.owner.get(path)).status === 200 ? conversation.id : undefined,
    );
  }

  picture(): Promise<Buffer> {
    return sharp({ create: { width: 8, height: 8, channels: 3, background: '#246' } })
      .png()
      .toBuffer();
  }

  async asset(characterId: string): Promise<string> {
    const response = await this.owner.fetch(`/api/characters/${characterId}/gallery`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(await this.picture()),
    });
    return ((await response.json()) as { assetId: string }).assetId;
  }

  async job(): Promise<string> {
    const { conversation } = await this.talk();
    const ordered = await this.owner.post<{ jobId: string }>(`/api/conversations/${conversation.id}/summary`);
    return expectStatus(202, ordered).jobId;
  }

  /** Of the owner, who has connected nothing: it fails. */
  async extraction(): Promise<string> {
    const { id: userId } = this.owner.user;
    const payload = { userId, platform: 'github', kind: 'code', connectedAt: 0 };
    const jobs = this.app.get(Jobs, { strict: false });
    return (await jobs.enqueue('connector.extract', { userId, payload })).job.id;
  }

  /** Of the owner, ready to be downloaded. */
  async ownExport(): Promise<string> {
    const { jobId } = expectStatus(202, await this.owner.post<{ jobId: string }>('/api/users/me/exports'));
    return eventually('the export', async () => {
      const content = await this.owner.fetch(`/api/users/me/exports/${jobId}/content`);
      await content.arrayBuffer();
      return content.status === 200 ? jobId : undefined;
    });
  }

  async avatarToken(): Promise<string> {
    const response = await this.owner.fetch('/api/users/me/avatar', {
      method: 'PUT',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(await this.picture()),
    });
    const { avatarUrl } = (await response.json()) as { avatarUrl: string };
    return /avatars\/([^/?]+)/.exec(avatarUrl)?.[1] ?? '';
  }

  async reservation(): Promise<string> {
    const wanted = { characterId: this.shown.id, kind: 'text' };
    const made = await this.people.admin.post<{ reservationId: string }>('/api/usage/reservations', wanted);
    return expectStatus(201, made).reservationId;
  }

  async loggedIn(): Promise<{ refreshToken: string }> {
    const { user, password } = this.owner;
    const login: Answer<{ refreshToken: string }> = await new Api(this.url).post('/api/auth/login', {
      email: user.email,
      password,
    });
    return { refreshToken: expectStatus(200, login).refreshToken };
  }

  close(): Promise<void> {
    return this.running.close();
  }
}
