import type { CharacterStats } from '../../../src/characters/stats/character-stats.dto.js';
import {
  CharacterStatsService,
  type Activity,
} from '../../../src/characters/stats/character-stats.service.js';
import type { CharacterDay } from '../../../src/characters/stats/character-stats.types.js';
import { CharactersService } from '../../../src/characters/characters.service.js';
import type { Actor } from '../../../src/platform/actor/actor.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { startCharacters, type CharactersApp } from './characters-app.js';

const DAY_MS = 86_400_000;

describe.each(['embedded', 'postgres'] as const)('statistics of characters in the %s database', (on) => {
  let service: CharactersApp;
  let characters: CharactersService;
  let stats: CharacterStatsService;
  let ada: Actor;
  let bob: Actor;
  let id: string;

  beforeAll(async () => {
    service = await startCharacters({ on });
    characters = service.app.get(CharactersService);
    stats = service.app.get(CharacterStatsService);
    [ada, bob] = await Promise.all([service.user(), service.user()]);
  });
  afterAll(() => service.close());
  beforeEach(async () => {
    id = (await characters.create(ada, { name: 'Ines', visibility: 'public' })).id;
  });

  const ago = (days: number): Date => new Date(Date.now() - days * DAY_MS);
  const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
  const record = (activity: Partial<Activity>): Promise<void> =>
    stats.record({ characterId: id, userId: ada.id, ...activity });
  const read = async (window: string, actor = ada): Promise<CharacterStats> =>
    (await service.send<CharacterStats>(actor, 'GET', `/characters/${id}/stats?window=${window}`)).body;

  it('add up what was done within each window', async () => {
    await record({ conversations: 1, messages: 1 });
    await record({ messages: 1, reply: { ms: 200, tokens: 30 } });
    await record({ userId: bob.id, messages: 1, reply: { ms: 100, tokens: 10 } });
    await record({ userId: bob.id, conversations: 1, messages: 2, at: ago(3) });
    await record({ userId: newId(), conversations: 1, messages: 5, at: ago(30) });
    const today = { conversations: 1, messages: 3, uniqueUsers: 2, avgReplyMs: 150, tokens: 40 };
    expect(await read('day')).toMatchObject(today);
    expect(await read('week')).toMatchObject({ ...today, conversations: 2, messages: 5 });
    expect(await read('all')).toMatchObject({ ...today, conversations: 3, messages: 10, uniqueUsers: 3 });
    const { lastActiveAt, asOf } = await read('all');
    expect(Date.parse(asOf) - Date.parse(lastActiveAt!)).toBeLessThan(60_000);
  });

  it('of a character that nobody has used are nothing', async () => {
    const nothing = { conversations: 0, messages: 0, uniqueUsers: 0, avgReplyMs: null, tokens: 0 };
    expect(await read('all')).toMatchObject({ ...nothing, lastActiveAt: null });
  });

  it('lose nothing of what many people do at once, nor count what is rolled back', async () => {
    const people = Array.from({ length: 20 }, () => newId());
    await Promise.all(people.map((userId) => record({ userId, messages: 1 })));
    const undone = service.database.transaction(async () => {
      await record({ messages: 100 });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await read('day')).toMatchObject({ messages: 20, uniqueUsers: 20 });
  });

  it('are for whoever may see the character', async () => {
    expect((await read('day', bob)).messages).toBe(0);
    await characters.change(ada, id, { visibility: 'private' });
    expect((await service.send(bob, 'GET', `/characters/${id}/stats`)).status).toBe(404);
    expect((await service.send(ada, 'GET', `/characters/${id}/stats?window=year`)).status).toBe(400);
  });

  it('of a day that is over are put right once, and those of today are left alone', async () => {
    await service.database.manager.query('DELETE FROM character_days_reconciled');
    await service.database.manager.query('DELETE FROM character_days');
    const [missing, surplus] = [
      (await characters.create(ada, { name: 'Missing', visibility: 'public' })).id,
      (await characters.create(ada, { name: 'Surplus', visibility: 'public' })).id,
    ];
    const yesterday = ago(1.5);
    const day = dayOf(yesterday);
    await record({ messages: 3, at: yesterday });
    await record({ userId: bob.id, messages: 1, at: yesterday });
    await record({ characterId: surplus, messages: 7, at: yesterday });
    await record({ messages: 9 });
    const counts = { conversations: 0, replies: 0, replyMs: 0, tokens: 0, lastActiveAt: yesterday };
    const truth: CharacterDay[] = [
      { characterId: id, day, messages: 5, ...counts },
      { characterId: missing, day, messages: 2, ...counts },
      { characterId: newId(), day, messages: 2, ...counts },
    ];
    const asked: string[] = [];
    stats.reconcileWith({
      activityOn: (of) => {
        asked.push(of);
        return Promise.resolve(of === day ? truth : []);
      },
    });
    const corrected = await Promise.all([stats.reconcile(), stats.reconcile()]);
    expect(corrected[0] + corrected[1]).toBe(3);
    expect(new Set(asked).size).toBe(asked.length);
    expect(asked).not.toContain(dayOf(new Date()));
    expect(await read('all')).toMatchObject({ messages: 14 });
    expect(await stats.statistics(missing)).toMatchObject({ windows: { all: { messages: 2 } } });
    expect(await stats.statistics(surplus)).toMatchObject({ windows: { all: { messages: 0 } } });
    expect(await stats.reconcile()).toBe(0);
  });
});
