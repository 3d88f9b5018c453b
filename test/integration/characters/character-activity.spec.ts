import type { CharacterPromptResponse } from '../../../src/characters/character-parts.dto.js';
import type { CharacterStats } from '../../../src/characters/stats/character-stats.dto.js';
import { CharacterStatsService } from '../../../src/characters/stats/character-stats.service.js';
import { CharacterActivity } from '../../../src/conversations/character-activity.service.js';
import { Database } from '../../../src/platform/database/database.js';
import { expectStatus, type Character } from '../../support/api-client.js';
import { START_MS } from '../../support/service.js';
import { LiveSocket } from '../../support/socket-client.js';
import { startConversations, type ConversationsApp } from '../conversations/conversations-app.js';

const DAY_MS = 86_400_000;
const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10);

describe('what a character is used for', () => {
  let service: ConversationsApp;
  let character: Character;

  beforeAll(async () => {
    service = await startConversations();
    ({ character } = service);
    const talk = await service.talk();
    await service.converse(talk, 'Hello', 'Hello to you.');
    await service.say(talk, 'One more.');
    expectStatus(200, await service.person.say(talk.id, 'And you?', { mode: 'sync' }));
    await service.talk();
  }, START_MS);
  afterAll(() => service?.close());

  const stats = async (window: string): Promise<CharacterStats> =>
    expectStatus(
      200,
      await service.person.get<CharacterStats>(`/api/characters/${character.id}/stats?window=${window}`),
    );

  it('is counted with every conversation, message and reply, as the truth has it', async () => {
    const counted = await stats('day');
    expect(counted).toMatchObject({ conversations: 2, uniqueUsers: 1 });
    expect(counted.tokens).toBeGreaterThan(0);
    const [truth] = await service.app
      .get(CharacterActivity, { strict: false })
      .activityOn(isoDay(Date.now()));
    // Two people's messages and two replies, one more message, and a greeting for each conversation.
    expect(truth).toMatchObject({
      conversations: 2,
      messages: counted.messages,
      replies: 2,
      tokens: counted.tokens,
    });
    expect(counted.messages).toBeGreaterThanOrEqual(5);
  });

  it('is made right from what is stored when the counts were lost', async () => {
    const { manager } = service.app.get(Database);
    const before = await stats('week');
    for (const table of ['conversations', 'messages', 'generations']) {
      const completed = table === 'generations' ? `, completed_at = completed_at - interval '3 days'` : '';
      await manager.query(`UPDATE ${table} SET created_at = created_at - interval '3 days' ${completed}`);
    }
    await manager.query('DELETE FROM character_days');
    const reconciled = service.app.get(CharacterStatsService, { strict: false });
    expect(await reconciled.reconcile()).toBe(1);
    // The cached ones may be ten minutes old; a change of the character drops them.
    await service.person.patch(`/api/characters/${character.id}`, { description: 'New' });
    const { windows } = await reconciled.statistics(character.id);
    expect(windows.day).toMatchObject({ conversations: 0, messages: 0 });
    expect(windows.week).toMatchObject({
      conversations: before.conversations,
      messages: before.messages,
      tokens: before.tokens,
    });
    expect(Date.parse(before.lastActiveAt!) - Number(windows.week.lastActiveAt)).toBeGreaterThan(
      2.9 * DAY_MS,
    );
  });

  it('who is in a conversation hears that its character has changed, and finds the change', async () => {
    const socket = await LiveSocket.connect(service.url, service.person.token);
    const { id } = await service.person.converse(character.id);
    expect(await socket.ask('conversation:join', { conversationId: id })).toMatchObject({ ok: true });
    await service.person.patch(`/api/characters/${character.id}`, { name: 'Renamed' });
    const { data } = await socket.hears('character:updated');
    expect(data).toMatchObject({ characterId: character.id });
    const { body } = await service.person.get<Character>(`/api/characters/${character.id}`);
    expect(body).toMatchObject({ name: 'Renamed', version: (data as { version?: number }).version });
    socket.close();
  });

  it('its prompt is told with the tokens that models count, not with an estimate', async () => {
    const headers = { 'if-match': '*' };
    const prompt = { system: 'a'.repeat(800), alternateGreetings: ['', 'Hello'] };
    const path = `/api/characters/${character.id}/prompt`;
    const { body } = await service.person.put<CharacterPromptResponse>(path, prompt, headers);
    expect(body.tokenCounts).toMatchObject({ system: 100, postHistory: 0, alternateGreetings: [0, 1] });
    expect((await service.person.get<CharacterPromptResponse>(path)).body).toEqual(body);
  });
});
