import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import type { PublicProfile } from './user.record.js';
import { userIdByUsername, usernameExists } from './users.cache.js';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { isId } from '../platform/ids/ids.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';
import {
  normalizeUsername,
  usernameSuggestions,
  usernameViolations,
  type UsernameViolation,
} from './users.rules.js';

export interface UsernameVerdict {
  username: string;
  normalized: string;
  available: boolean;
  violations: UsernameViolation[];
  suggestions: string[];
}

export interface ProfileLookup {
  ids?: string[];
  usernames?: string[];
}

const SUGGESTIONS = 3;

/** From names to people: who has one, and whether one is free. */
@Injectable()
export class UsernamesService {
  constructor(
    private readonly names: UsersRepository,
    private readonly users: UsersService,
  ) {}

  /** @throws not-found */
  async getProfile(username: string): Promise<PublicProfile> {
    const normalized = normalizeUsername(username);
    const userId = await this.userIdOf(normalized);
    const profile = userId === null ? null : await this.users.profileOf(userId);
    if (!profile) throw platformErrors['not-found'](`Nobody has the username "${normalized.slice(0, 64)}".`);
    return profile;
  }

  /** Advice for a form; registration and renaming decide again, in the database. */
  async check(username: string): Promise<UsernameVerdict> {
    const normalized = normalizeUsername(username);
    const violations = usernameViolations(username);
    if (violations.length === 0 && (await this.exists(normalized))) {
      violations.push({ code: 'taken', detail: 'It belongs to someone else.' });
    }
    const available = violations.length === 0;
    return {
      username,
      normalized,
      available,
      violations,
      suggestions: available ? [] : await this.suggest(username),
    };
  }

  /** The profiles that exist, each once, in the order asked for; what was not found is named as it was asked for. */
  async lookup({
    ids = [],
    usernames = [],
  }: ProfileLookup): Promise<{ users: PublicProfile[]; missing: string[] }> {
    const idOfName = await Promise.all(
      usernames.map((username) => this.userIdOf(normalizeUsername(username))),
    );
    const wanted = [
      ...ids.map((id) => ({ asked: id, id: isId(id) ? id.toLowerCase() : null })),
      ...usernames.map((asked, index) => ({ asked, id: idOfName[index] ?? null })),
    ];
    const distinct = [...new Set(wanted.flatMap(({ id }) => id ?? []))];
    const found = new Map(
      (await Promise.all(distinct.map((id) => this.users.profileOf(id)))).flatMap((profile) =>
        profile ? [[profile.id, profile] as const] : [],
      ),
    );
    const missing = wanted.filter(({ id }) => id === null || !found.has(id)).map(({ asked }) => asked);
    return { users: [...found.values()], missing: [...new Set(missing)] };
  }

  @Cacheable(userIdByUsername)
  protected userIdOf(normalizedUsername: string): Promise<string | null> {
    return this.names.findIdByUsername(normalizedUsername);
  }

  @Cacheable(usernameExists)
  protected exists(normalizedUsername: string): Promise<boolean> {
    return this.names.isUsernameTaken(normalizedUsername);
  }

  private async suggest(username: string): Promise<string[]> {
    const candidates = usernameSuggestions(username);
    const taken = await this.names.takenUsernames(candidates);
    return candidates.filter((candidate) => !taken.has(candidate)).slice(0, SUGGESTIONS);
  }
}
