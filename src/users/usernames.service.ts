import { Injectable } from '@nestjs/common';
import { Cacheable } from '@rapport/cache';
import { platformErrors } from '../platform/errors/platform.errors.js';
import { isId } from '../platform/ids/ids.js';
import { foldIdentifier } from '../platform/text/fold-identifier.js';
import { userIdByUsername, usernameExists, usernameSkeleton } from './users.cache.js';
import { UsersRepository } from './users.repository.js';
import {
  skeletonOf,
  usernameSuggestions,
  usernameViolations,
  type UsernameViolation,
} from './users.rules.js';
import { UsersService } from './users.service.js';
import type { PublicProfile } from './users.types.js';

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
    const normalized = foldIdentifier(username);
    const userId = await this.userIdOf(normalized);
    const profile = userId === null ? null : await this.users.profileOf(userId);
    if (!profile || profile.deleted)
      throw platformErrors['not-found'](`Nobody has the username "${normalized.slice(0, 64)}".`);
    return profile;
  }

  /** Advice for a form; registration and renaming decide again, in the database. */
  async check(username: string): Promise<UsernameVerdict> {
    const normalized = foldIdentifier(username);
    const violations = usernameViolations(username);
    if (violations.length === 0) violations.push(...(await this.conflicts(normalized)));
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
    const names = usernames.map((asked) => ({ asked, normalized: foldIdentifier(asked) }));
    const idOfName = await this.names.findIdsByUsernames([
      ...new Set(names.map(({ normalized }) => normalized)),
    ]);
    const wanted = [
      ...ids.map((asked) => ({ asked, id: isId(asked) ? asked.toLowerCase() : undefined })),
      ...names.map(({ asked, normalized }) => ({ asked, id: idOfName.get(normalized) })),
    ];
    const profiles = await this.users.profilesOf([...new Set(wanted.flatMap(({ id }) => id ?? []))]);
    const found = new Set(profiles.map(({ id }) => id));
    const missing = wanted.filter(({ id }) => id === undefined || !found.has(id)).map(({ asked }) => asked);
    return { users: profiles, missing: [...new Set(missing)] };
  }

  @Cacheable(userIdByUsername)
  protected userIdOf(normalizedUsername: string): Promise<string | null> {
    return this.names.findIdByUsername(normalizedUsername);
  }

  @Cacheable(usernameExists)
  protected exists(normalizedUsername: string): Promise<boolean> {
    return this.names.isUsernameTaken(normalizedUsername);
  }

  @Cacheable(usernameSkeleton)
  protected looksTaken(skeleton: string): Promise<boolean> {
    return this.names.isSkeletonTaken(skeleton);
  }

  private async conflicts(normalized: string): Promise<UsernameViolation[]> {
    if (await this.exists(normalized)) return [{ code: 'taken', detail: 'It belongs to someone else.' }];
    if (!(await this.looksTaken(skeletonOf(normalized)))) return [];
    return [{ code: 'confusable', detail: 'It looks like the name of someone else.' }];
  }

  private async suggest(username: string): Promise<string[]> {
    const candidates = usernameSuggestions(username);
    const taken = await this.names.takenAmong(candidates, candidates.map(skeletonOf));
    const isFree = (name: string): boolean => !taken.has(name) && !taken.has(skeletonOf(name));
    return candidates.filter(isFree).slice(0, SUGGESTIONS);
  }
}
