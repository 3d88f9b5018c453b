import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Posted } from '../../support/api-client.js';
import type { Actor } from './actor.js';
import type { Drop } from './device.js';
import type { SentOnce } from './end-rules.js';
import { isFault, type Schedule, type Step } from './schedule.js';
import { otherSide, type Side } from './world.js';

type Sending = SentOnce & { queue?: boolean };

/** Does what a schedule says in one person's name; ends when all of it has been answered. */
export async function act(actor: Actor, { seed, steps }: Schedule): Promise<void> {
  for (const step of steps.filter((each) => !isFault(each))) {
    await sleep(step.after);
    actor.diary.note(`${step.name} ${step.how}`);
    try {
      await take(actor, step, seed);
    } catch (error) {
      actor.diary.complain(`${step.name}: ${String(error)}`);
    }
  }
}

function take(actor: Actor, step: Step, seed: number): Promise<void> | void {
  const { name, how, which } = step;
  switch (name) {
    case 'send-slow':
    case 'send-quick':
    case 'send-none':
      return send(actor, newMessage(actor, seed, name.slice(5), which), how);
    case 'send-both':
      return sendTwice(actor, newMessage(actor, seed, how, which));
    case 'repeat':
      return onOne(kept(actor), which, (message) =>
        send(actor, message, how, otherSide(actor.active.device.side)),
      );
    case 'edit':
      return onOne(kept(actor), which, (message) => edit(actor, message, how));
    case 'delete':
      return onOne(kept(actor), which, (message) => takeBack(actor, message, how));
    case 'regenerate':
      return onOne(replies(actor), which, (messageId) => regenerate(actor, messageId, how));
    case 'cancel':
      return onOne(actor.active.view.running, which, ({ generationId }) => cancel(actor, generationId, how));
    case 'drop-active':
      return actor.active.device.drop(how as Drop);
    case 'drop-passive':
      return actor.passive.device.drop(how as Drop);
    case 'swap':
      return actor[how as 'active' | 'passive'].device.swap();
    case 'drop-sse':
      for (const follower of actor.followers.values()) follower.drop();
      return;
    case 'kill':
    case 'rolling':
    case 'redis-restart':
    case 'redis-away':
    case 'flush':
    case 'pause':
      throw new Error(`${name} is nothing that a person does`);
  }
}

/** Nothing happens when there is none yet. */
const onOne = <Item>(
  items: readonly Item[],
  which: number,
  todo: (item: Item) => Promise<void>,
): Promise<void> | void => (items.length === 0 ? undefined : todo(items[which % items.length]!));

const kept = ({ sent }: Actor): SentOnce[] => sent.filter(({ messageId, deleted }) => messageId && !deleted);

const replies = ({ active }: Actor): string[] =>
  active.view.messages.filter(({ role, parentId }) => role === 'character' && parentId).map(({ id }) => id);

function newMessage({ sent }: Actor, seed: number, kind: string, which: number): Sending {
  const text = `${seed}.${sent.length} 🙂 ${kind === 'slow' ? 'slowly' : 'at once'}`;
  const mode: SentOnce['mode'] = kind === 'none' ? 'none' : 'stream';
  const message = { clientMessageId: randomUUID(), mode, text, deleted: false, queue: which % 4 > 0 };
  sent.push(message);
  return message;
}

async function sendTwice(actor: Actor, message: Sending): Promise<void> {
  await Promise.all([send(actor, message, 'rest', 'a'), send(actor, message, 'rest', 'b')]);
}

async function send(actor: Actor, message: Sending, how: string, side?: Side): Promise<void> {
  const { clientMessageId, mode, queue = true, text, messageId: before } = message;
  const { conversationId, caller, diary } = actor;
  const reply = mode === 'none' ? { mode } : { mode, queue };
  const answer = await caller.ask<Posted & { duplicate?: boolean }>({
    what: `send ${text}`,
    rest: (at) => at.say(conversationId, text, reply, clientMessageId),
    socket: ['message:send', { conversationId, clientMessageId, text, reply }],
    how,
    side,
    allowed: queue ? [] : [409],
  });
  if (!answer) return;
  if (answer.status === 409) {
    if (before) diary.complain(`${text} was accepted, and its repetition refused`);
    return;
  }
  const { message: stored, generation, duplicate } = answer.body;
  const generationId = generation?.id;
  if (before && duplicate === false) diary.complain(`${text} was taken for new when it was repeated`);
  if (message.messageId && message.messageId !== stored.id)
    diary.complain(`${text} is stored as ${message.messageId} and as ${stored.id}`);
  if (message.generationId && generationId !== message.generationId)
    diary.complain(`${text} is answered by ${message.generationId} and by ${generationId}`);
  if (mode === 'stream' && !generationId) diary.complain(`${text} was accepted without a reply`);
  message.messageId = stored.id;
  if (!generationId) return;
  message.generationId = generationId;
  actor.expect(generationId);
}

async function edit({ conversationId, caller }: Actor, message: SentOnce, how: string): Promise<void> {
  const { messageId } = message;
  const text = `${message.text}!`;
  const answer = await caller.ask({
    what: `edit ${text}`,
    rest: (at) => at.patch(`/api/conversations/${conversationId}/messages/${messageId}`, { text }),
    socket: ['message:edit', { conversationId, messageId, text }],
    how,
  });
  if (answer) message.text = text;
}

async function takeBack({ conversationId, caller }: Actor, message: SentOnce, how: string): Promise<void> {
  const { messageId, text } = message;
  const answer = await caller.ask({
    what: `delete ${text}`,
    rest: (at) => at.delete(`/api/conversations/${conversationId}/messages/${messageId}`),
    socket: ['message:delete', { conversationId, messageId }],
    how,
    again: [404],
  });
  if (answer) message.deleted = true;
}

async function regenerate(actor: Actor, messageId: string, how: string): Promise<void> {
  const path = `/api/conversations/${actor.conversationId}/messages/${messageId}/regenerations`;
  const clientRequestId = randomUUID();
  const key = { 'idempotency-key': clientRequestId };
  const reply = { mode: 'stream', queue: true };
  const answer = await actor.caller.ask<Posted>({
    what: `regenerate ${messageId}`,
    rest: (at) => at.post(path, { reply }, key),
    socket: ['reply:regenerate', { messageId, clientRequestId, reply }],
    how,
    // The reply, or what it answers, may have gone meanwhile; another may be under way.
    allowed: [404, 409],
  });
  if (answer && answer.status < 300) actor.expect(answer.body.generation.id);
}

async function cancel({ caller }: Actor, generationId: string, how: string): Promise<void> {
  await caller.ask({
    what: `cancel ${generationId}`,
    rest: (at) => at.post(`/api/generations/${generationId}/cancel`),
    socket: ['reply:cancel', { generationId }],
    how,
    // It was quicker.
    allowed: [409],
  });
}
