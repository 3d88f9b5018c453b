import { v7 } from 'uuid';
import { FULL_SIZE } from '../../../libs/cache/src/testing/full-size.js';
import type { GenerationEntity } from '../../../src/conversations/generations/generation.entity.js';
import { GenerationsRepository } from '../../../src/conversations/generations/generations.repository.js';
import {
  MessagesRepository,
  type MessageRecord,
} from '../../../src/conversations/messages/messages.repository.js';
import { MessagesService } from '../../../src/conversations/messages/messages.service.js';
import { newId } from '../../../src/platform/ids/ids.js';
import { Database } from '../../../src/platform/database/database.js';
import { expectStatus, type Conversation, type Message, type Page } from '../../support/api-client.js';
import type { Problem } from '../../support/api-client.js';
import { START_MS } from '../../support/service.js';
import { LiveSocket } from '../../support/socket-client.js';
import { startConversations, type ConversationsApp, type Talk } from './conversations-app.js';

interface Window {
  items: Message[];
  hasBefore: boolean;
  hasAfter: boolean;
}

let service: ConversationsApp;
beforeAll(async () => {
  service = await startConversations();
}, START_MS);
afterAll(() => service?.close());

const path = (talk: Talk, rest = ''): string => `/api/conversations/${talk.id}/messages${rest}`;
const shown = async (talk: Talk, query = ''): Promise<string[]> => {
  const { items } = expectStatus(200, await service.person.get<Window>(path(talk, query)));
  return items.slice(items[0]?.seq === 1 ? 1 : 0).map(({ text }) => text);
};
/** What a model is given of what was said. */
const context = async (talk: Talk): Promise<string[]> => {
  const found = await service.context(talk);
  return found.slice(1);
};
const choose = (talk: Talk, messageId: string, variantId: string) =>
  service.person.put<Problem>(path(talk, `/${messageId}/active-variant`), { variantId });

describe('a message that follows an earlier one', () => {
  it('begins a branch: it is what is shown and answered, and the other one stays as it was', async () => {
    const talk = await service.talk();
    const [, first] = await service.converse(talk, 'one', 'ONE');
    const [, second] = await service.converse(talk, 'two', 'TWO');
    await service.converse(talk, 'other', 'OTHER', first!.id);
    expect(await shown(talk)).toEqual(['one', 'ONE', 'other', 'OTHER']);
    expect(await context(talk)).toEqual(['one', 'ONE', 'other', 'OTHER']);
    expect(await shown(talk, `?leaf=${second!.id}`)).toEqual(['one', 'ONE', 'two', 'TWO']);
    await service.converse(talk, 'three', 'THREE');
    expect(await shown(talk)).toEqual(['one', 'ONE', 'other', 'OTHER', 'three', 'THREE']);
  });

  it('goes on with the branch whose end it follows', async () => {
    const talk = await service.talk();
    const [, first] = await service.converse(talk, 'one', 'ONE');
    const [, second] = await service.converse(talk, 'two', 'TWO');
    await service.converse(talk, 'other', 'OTHER', first!.id);
    await service.say(talk, 'three', second!.id);
    expect(await shown(talk)).toEqual(['one', 'ONE', 'two', 'TWO', 'three']);
  });

  it('is refused when that is not in this conversation or was taken back', async () => {
    const [talk, elsewhere] = [await service.talk(), await service.talk()];
    const foreign = await service.say(elsewhere, 'elsewhere');
    const gone = await service.say(talk, 'gone');
    await service.log.remove(talk, service.actor, gone.id);
    for (const parentId of [foreign.id, gone.id]) {
      const answer = await service.person.post<Problem>(path(talk), {
        clientMessageId: 'x',
        text: 'x',
        parentId,
      });
      expect([answer.status, answer.body.code]).toEqual([400, 'parent-not-found']);
    }
    expectStatus(404, await service.person.get(path(talk, `?leaf=${foreign.id}`)));
    expectStatus(404, await service.person.get(path(talk, `?leaf=${gone.id}`)));
    expectStatus(400, await service.person.get(path(talk, '?leaf=none')));
  });
});

/** A question whose answer comes when it is told to. */
const ask = async (talk: Talk, text: string, parentId?: string) => {
  const reply = { mode: 'stream' as const, queue: true };
  const posted = await service.log.append(talk, service.actor, {
    clientMessageId: newId(),
    text,
    parentId,
    reply,
  });
  return { message: posted.message, generation: posted.generation! };
};

describe('a reply that comes after a branch has begun', () => {
  it('is on it where the branch left behind a later question', async () => {
    const talk = await service.talk();
    const first = await ask(talk, 'one');
    const second = await ask(talk, 'two');
    const third = await ask(talk, 'three');
    const other = await service.say(talk, 'other', second.message.id);
    const late = await service.conclude(first.generation, 'ONE');
    expect(await context(talk)).toEqual(['one', 'ONE', 'two', 'other']);
    expect(await shown(talk)).toEqual(['one', 'two', 'other', 'ONE']);
    expect(await shown(talk, `?leaf=${third.message.id}`)).toEqual(['one', 'two', 'three', 'ONE']);
    expect(await shown(talk, `?before=${late.seq}&limit=2`)).toEqual(['two', 'other']);
    expect(await shown(talk, `?after=${other.seq}`)).toEqual(['ONE']);
    expect(await shown(talk, `?after=${second.message.seq}&limit=1`)).toEqual(['other']);
    const { items } = expectStatus(
      200,
      await service.person.get<{ items: { active: boolean }[] }>(path(talk, `/${late.id}/variants`)),
    );
    expect(items.map(({ active }) => active)).toEqual([true]);
    const further = await service.say(talk, 'further', other.id);
    expect(await shown(talk, `?before=${further.seq + 1}&limit=3`)).toEqual(['other', 'ONE', 'further']);
    expect(await shown(talk, `?after=${other.seq}`)).toEqual(['ONE', 'further']);
  });

  it('is not on it where the branch left at the question that it answers', async () => {
    const talk = await service.talk();
    const first = await ask(talk, 'one');
    await ask(talk, 'two');
    await service.say(talk, 'instead', first.message.id);
    await service.conclude(first.generation, 'ONE');
    expect(await context(talk)).toEqual(['one', 'instead']);
    expect(await shown(talk)).toEqual(['one', 'instead']);
  });
});

describe('variants of a reply', () => {
  it('of any reply: what was said after it is there again when the first one is chosen', async () => {
    const talk = await service.talk();
    const [, first] = await service.converse(talk, 'one', 'ONE');
    await service.converse(talk, 'two', 'TWO');
    const other = await service.again(talk, first!.id, 'UNO');
    expect(await shown(talk)).toEqual(['one', 'UNO']);
    const { items } = expectStatus(
      200,
      await service.person.get<{ items: (Message & { active: boolean })[] }>(
        path(talk, `/${first!.id}/variants`),
      ),
    );
    expect(items.map(({ text, active }) => [text, active])).toEqual([
      ['ONE', false],
      ['UNO', true],
    ]);
    expectStatus(200, await choose(talk, other.id, first!.id));
    expect(await shown(talk)).toEqual(['one', 'ONE', 'two', 'TWO']);
    expect(await context(talk)).toEqual(['one', 'ONE', 'two', 'TWO']);
    expectStatus(200, await choose(talk, first!.id, other.id));
    await service.say(talk, 'dos');
    expect(await shown(talk)).toEqual(['one', 'UNO', 'dos']);
  });

  it('is not shown when its user has gone on while it was made', async () => {
    const talk = await service.talk();
    const [, first] = await service.converse(talk, 'one', 'ONE');
    const { generation } = await service.log.askAgain(talk, service.actor, first!.id, {});
    await service.say(talk, 'on we go');
    await service.conclude(generation, 'LATE');
    expect(await shown(talk)).toEqual(['one', 'ONE', 'on we go']);
    const list = await service.person.get<Page<Conversation>>('/api/conversations');
    expect(list.body.items[0]).toMatchObject({ id: talk.id, lastMessagePreview: 'on we go' });
  });

  it('only what follows the same message can be chosen, by the owner alone', async () => {
    const talk = await service.talk();
    const [one, first] = await service.converse(talk, 'one', 'ONE');
    const [, second] = await service.converse(talk, 'two', 'TWO');
    expect((await choose(talk, first!.id, second!.id)).status).toBe(404);
    expect((await choose(talk, one!.id, first!.id)).status).toBe(200);
    const stranger = service.stranger;
    const attempts = [
      await stranger.put(path(talk, `/${first!.id}/active-variant`), { variantId: first!.id }),
      await stranger.get(path(talk, `/${first!.id}/variants`)),
      await stranger.get(path(talk, `/${one!.id}/revisions`)),
      await stranger.get(path(talk, `?leaf=${one!.id}`)),
    ];
    expect(attempts.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    const greeting = (await service.person.messages(talk.id))[0]!;
    const again = await service.person.post<Problem>(path(talk, `/${greeting.id}/regenerations`));
    expect([again.status, again.body.code]).toEqual([409, 'not-regenerable']);
  });
});

describe('an edited message', () => {
  it('keeps what it said before, newest first and page by page', async () => {
    const talk = await service.talk();
    const { id } = await service.say(talk, 'first');
    for (const text of ['second', 'third']) await service.person.patch(path(talk, `/${id}`), { text });
    const revisions = path(talk, `/${id}/revisions`);
    const all = expectStatus(200, await service.person.get<Page<{ text: string }>>(revisions));
    expect(all.items.map(({ text }) => text)).toEqual(['second', 'first']);
    const page = expectStatus(200, await service.person.get<Page<{ text: string }>>(`${revisions}?limit=1`));
    const next = await service.person.get<Page<{ text: string }>>(
      `${revisions}?limit=1&cursor=${page.nextCursor}`,
    );
    expect(next.body.items.map(({ text }) => text)).toEqual(['first']);
  });

  it('keeps that in the order of the edits, also where the clock of a process is behind', async () => {
    const talk = await service.talk();
    const { id } = await service.say(talk, 'first');
    await service.log.edit(talk, service.actor, id, 'second');
    const { manager } = service.app.get(Database, { strict: false });
    const behind = v7({ msecs: Date.now() - 3_600_000 });
    await service.log.edit(talk, service.actor, id, 'third');
    await manager.query(`UPDATE message_edits SET id = $1 WHERE message_id = $2 AND text = 'second'`, [
      behind,
      id,
    ]);
    const { items } = expectStatus(
      200,
      await service.person.get<Page<{ text: string }>>(path(talk, `/${id}/revisions`)),
    );
    expect(items.map(({ text }) => text)).toEqual(['second', 'first']);
  });

  it('is edited or taken back, never both: whichever comes second finds it gone or changes what is left', async () => {
    const talk = await service.talk();
    for (let round = 0; round < 5; round += 1) {
      const { id } = await service.say(talk, 'now');
      const [edited, removed] = await Promise.all([
        service.person.patch(path(talk, `/${id}`), { text: 'then' }),
        service.person.delete(path(talk, `/${id}`)),
      ]);
      expect(removed.status).toBe(204);
      expect([200, 404]).toContain(edited.status);
      expect(await shown(talk)).toEqual([]);
      expect(await context(talk)).toEqual([]);
    }
  });
});

describe('clients', () => {
  it('are told when another branch is shown, and of the list on their own stream', async () => {
    const talk = await service.talk();
    const live = await LiveSocket.connect(service.url, service.person.token);
    await live.get('conversation:join', { conversationId: talk.id });
    const { body } = await service.person.say(talk.id, 'one', { mode: 'sync' });
    await service.person.say(talk.id, 'two', { mode: 'none' });
    type Listed = { conversation: { id: string; lastMessagePreview: string; unread: number } };
    const listed = (preview: string) =>
      live.hears('conversation.updated', ({ stream, data }) => {
        const { conversation } = data as unknown as Listed;
        return (
          stream === `user:${service.actor.id}` &&
          conversation.id === talk.id &&
          conversation.lastMessagePreview === preview
        );
      });
    await listed('two');
    const turned = await service.person.post<{ message: Message }>(path(talk), {
      clientMessageId: 'branch',
      text: 'other',
      parentId: body.reply.id,
      reply: { mode: 'none' },
    });
    const { id } = turned.body.message;
    const event = await live.hears('branch.changed');
    expect(event.data).toEqual({ conversationId: talk.id, leafId: id });
    await listed('other');
    await service.person.delete(`/api/conversations/${talk.id}`);
    await live.hears('conversation.deleted', ({ stream }) => stream === `user:${service.actor.id}`);
    live.close();
  });
});

/** What a tree of messages promises, written down a second time and without a database. */
class Model {
  readonly nodes = new Map<string, MessageRecord>();
  readonly removed = new Set<string>();

  put(...messages: MessageRecord[]): void {
    for (const message of messages) this.nodes.set(message.id, message);
  }

  /** From the beginning to a message. */
  pathTo(id: string): MessageRecord[] {
    const found = [];
    for (let at = this.nodes.get(id); at; at = this.nodes.get(at.parentId ?? '')) found.unshift(at);
    return found.filter((node) => !this.removed.has(node.id));
  }

  left(role?: 'user' | 'character'): MessageRecord[] {
    return [...this.nodes.values()].filter(
      (node) => node.seq > 1 && !this.removed.has(node.id) && (!role || node.role === role),
    );
  }

  siblings(of: MessageRecord): MessageRecord[] {
    return this.left(of.role).filter(({ parentId }) => parentId !== null && parentId === of.parentId);
  }
}

const randomFrom = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return (state >>> 3) % below;
  };
};

const SEEDS = Array.from({ length: FULL_SIZE ? 60 : 2 }, (_, index) => index + 1);
const STEPS = FULL_SIZE ? 60 : 25;

describe.each(SEEDS)('a random tree of messages (seed %i)', (seed) => {
  it('has the paths, windows, variants and contexts of its model', async () => {
    const random = randomFrom(seed);
    const talk = await service.talk();
    const model = new Model();
    const rows = service.app.get(MessagesRepository, { strict: false });
    const messages = service.app.get(MessagesService, { strict: false });
    model.put(...(await rows.window(talk.id, { limit: 1 })));
    const any = <T>(items: readonly T[]): T | undefined => items[random(Math.max(1, items.length))];
    const ids = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);
    let leaf = [...model.nodes.keys()][0]!;

    const moves: (() => Promise<void>)[] = [
      async () => {
        const said = await service.say(talk, `say ${model.nodes.size}`);
        model.put(said);
        leaf = said.id;
      },
      async () => {
        const said = await service.converse(talk, `ask ${model.nodes.size}`, `answer ${model.nodes.size}`);
        model.put(...said);
        leaf = said[1]!.id;
      },
      async () => {
        const said = await service.say(talk, `branch ${model.nodes.size}`, any(model.left())?.id);
        model.put(said);
        leaf = said.id;
      },
      async () => {
        const reply = any(model.left('character'));
        if (!reply || model.removed.has(reply.parentId!)) return;
        const isShown = model.pathTo(leaf).some(({ id }) => id === reply.parentId);
        const variant = await service.again(talk, reply.id, `again ${model.nodes.size}`);
        model.put(variant);
        if (isShown) leaf = variant.id;
      },
      async () => {
        const one = any(model.left());
        const chosen = one && any(model.siblings(one));
        if (!one || !chosen) return;
        await service.log.chooseVariant(talk, one.id, chosen.id);
        const path = await rows.window(talk.id, { limit: 1_000 });
        expect(ids(path)).toContain(chosen.id);
        leaf = path.at(-1)!.id;
      },
      async () => {
        const one = any(model.left('user'));
        if (!one) return;
        await service.log.remove(talk, service.actor, one.id);
        model.removed.add(one.id);
      },
      async () => {
        const one = any(model.left('user'));
        if (one) model.put(await service.log.edit(talk, service.actor, one.id, `edit ${model.nodes.size}`));
      },
    ];
    for (let step = 0; step < STEPS; step += 1) {
      await moves[step < 5 ? step % 2 : random(moves.length)]!();
      const path = model.pathTo(leaf);
      expect(ids(await rows.window(talk.id, { limit: 1_000 }))).toEqual(ids(path));
      expect((await messages.newest(talk.id)).map(({ text }) => text)).toEqual(
        path.slice(-51).map(({ text }) => text),
      );
      const looked = await service.context(talk);
      expect(looked).toEqual(path.map(({ text }) => text));

      const one = any(model.left());
      if (!one) continue;
      const toOne = model.pathTo(one.id);
      const [limit, at] = [1 + random(4), random(model.nodes.size)];
      const window = async (ends: object) => ids(await rows.window(talk.id, { limit, ...ends }, one));
      expect(await window({})).toEqual(ids(toOne.slice(-limit)));
      expect(await window({ before: at })).toEqual(ids(toOne.filter(({ seq }) => seq < at).slice(-limit)));
      expect(await window({ after: at })).toEqual(ids(toOne.filter(({ seq }) => seq > at).slice(0, limit)));
      expect(ids(await rows.variantsOf(one, 100))).toEqual(ids(model.siblings(one)));
      const said = await rows.historyUpTo(one);
      expect(said.map(({ seq }) => seq)).toEqual(toOne.map(({ seq }) => seq));
    }
  });
});

describe.each(SEEDS)('a random tree whose replies come late (seed %i)', (seed) => {
  it('has the windows and contexts of what stands before the places where its branches began', async () => {
    const random = randomFrom(seed);
    const talk = await service.talk();
    const rows = service.app.get(MessagesRepository, { strict: false });
    const { manager } = service.app.get(Database, { strict: false });
    const recovery = jest
      .spyOn(service.app.get(GenerationsRepository, { strict: false }), 'orphans')
      .mockResolvedValue([]);
    const queue: GenerationEntity[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      const stored = await manager.query<MessageRecord[]>(
        'SELECT id, conversation_id AS "conversationId", seq, branch, pos FROM messages WHERE conversation_id = $1 ORDER BY seq',
        [talk.id],
      );
      const branches = await manager.query<{ branch: number; parent: number; pos: number }[]>(
        'SELECT branch, parent, fork_pos AS pos FROM conversation_branches WHERE conversation_id = $1',
        [talk.id],
      );
      const [{ branch: active } = { branch: 0 }] = await manager.query<{ branch: number }[]>(
        'SELECT active_branch AS branch FROM conversations WHERE id = $1',
        [talk.id],
      );
      const pathTo = (branch: number, pos: number): MessageRecord[] => {
        const parts = [{ branch, pos }];
        for (let at = branches.find((one) => one.branch === branch); at;) {
          const { parent, pos: end } = at;
          parts.push({ branch: parent, pos: end });
          at = branches.find((one) => one.branch === parent);
        }
        return stored.filter((one) =>
          parts.some((part) => part.branch === one.branch && one.pos <= part.pos),
        );
      };
      const ids = (items: readonly { id: string }[]): string[] => items.map(({ id }) => id);
      expect(ids(await rows.window(talk.id, { limit: 1_000 }))).toEqual(ids(pathTo(active, Infinity)));

      const one = stored[random(stored.length)]!;
      const [limit, at] = [1 + random(4), random(stored.length)];
      const toOne = pathTo(one.branch, one.pos);
      const window = async (ends: object) => ids(await rows.window(talk.id, { limit, ...ends }, one));
      expect(await window({})).toEqual(ids(toOne.slice(-limit)));
      expect(await window({ before: at })).toEqual(ids(toOne.filter(({ seq }) => seq < at).slice(-limit)));
      expect(await window({ after: at })).toEqual(ids(toOne.filter(({ seq }) => seq > at).slice(0, limit)));
      const said = toOne.toSorted((a, b) => a.pos - b.pos).map(({ seq }) => seq);
      expect((await rows.historyUpTo(one)).map(({ seq }) => seq)).toEqual(said);

      const next = random(5) < 2 ? queue.shift() : undefined;
      const near = stored[Math.max(0, stored.length - 1 - random(6))]!;
      if (next) await service.conclude(next, `answer ${step}`);
      else queue.push((await ask(talk, `ask ${step}`, random(3) === 0 ? near.id : undefined)).generation);
    }
    recovery.mockRestore();
  });
});
