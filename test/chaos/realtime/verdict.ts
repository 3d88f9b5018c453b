import { setTimeout as sleep } from 'node:timers/promises';
import type { Conversation, Generation, Page } from '../../support/api-client.js';
import type { Actor } from './actor.js';
import {
  checkGenerations,
  checkMessages,
  checkReply,
  checkReplies,
  checkSent,
  isRunning,
  storedIn,
} from './end-rules.js';
import type { Truth } from './end-rules.js';
import { holds } from './holds.js';
import type { Complain } from './wire.js';
import type { Side } from './world.js';

/** Replies of a killed instance are ended within this… */
const QUIET_MS = 15_000;
/** …and those that waited behind it take their turns. */
const TURN_MS = 1_500;
/** From then on every device shows what is stored. */
const AGREE_MS = 10_000;
const LOOK_MS = 50;

/** When all is well again: waits until nothing moves any more, then holds everything against the database. */
export async function judge(actor: Actor): Promise<void> {
  const { complain } = actor.diary;
  const truth = await quiet(actor);
  await holds(AGREE_MS, () => actor.isSettled && agrees(actor, truth));
  compareDevices(actor, truth, complain);
  await holds(AGREE_MS, () => [...actor.followers.values()].every(({ reply }) => reply.ended));
  for (const { reply } of actor.followers.values())
    checkReply('SSE', reply, truth, complain, actor.allowances);
  checkGenerations(truth, complain);
  checkSent(actor.sent, truth, complain);
  await checkUsage(actor, truth);
  for (const side of ['a', 'b'] as const) await checkRest(actor, side, truth);
}

/** The database, when no reply is under way any more, or should not be. */
async function quiet({ world, conversationId }: Actor): Promise<Truth> {
  const started = performance.now();
  for (;;) {
    const truth = await world.database.truth(conversationId);
    const deadline = started + QUIET_MS + TURN_MS * truth.generations.length;
    if (!truth.generations.some(isRunning) || performance.now() > deadline) return truth;
    await sleep(LOOK_MS);
  }
}

function agrees(actor: Actor, truth: Truth): boolean {
  let faults = 0;
  compareDevices(actor, truth, () => (faults += 1));
  return faults === 0;
}

function compareDevices({ active, passive, allowances }: Actor, truth: Truth, complain: Complain): void {
  for (const [name, { view, device }] of Object.entries({ active, passive })) {
    const who = `${name} at ${device.side}`;
    checkMessages(who, view.messages, truth, complain);
    checkReplies(who, view, truth, complain, allowances);
  }
}

/** Every message is counted once; a reply that never said a word is free. */
async function checkUsage({ world, person, sent, diary }: Actor, truth: Truth): Promise<void> {
  const { used, reserved, committed, open } = await world.database.usage(person.user.id);
  const plain = sent.filter(({ messageId, mode }) => messageId && mode === 'none').length;
  const said = truth.generations.filter(({ text }) => text !== '').length;
  const silent = truth.generations.length - said;
  const wrong = (what: string): void => diary.complain(`usage: ${what}`);
  if (reserved !== 0 || open !== 0) wrong(`${reserved} reserved, ${open} reservations open`);
  if (used !== committed) wrong(`${used} used, ${committed} committed`);
  if (used < plain + said || used > plain + said + silent)
    wrong(`${used} used for ${plain} messages and ${said} replies (${silent} silent)`);
}

/** REST at that instance shows the database as it is now, caches or not. */
async function checkRest(actor: Actor, side: Side, truth: Truth): Promise<void> {
  const { complain } = actor.diary;
  const at = actor.person.at(actor.world.url(side));
  const who = `REST at ${side}`;
  checkMessages(who, await at.messages(actor.conversationId), truth, complain);
  const { body } = await at.get<Page<Conversation>>('/api/conversations');
  const listed = body.items.find(({ id }) => id === actor.conversationId);
  const last = Math.max(...storedIn(truth).map(({ seq }) => seq));
  if (listed?.lastSeq !== last) complain(`${who} lists lastSeq ${listed?.lastSeq}, it is ${last}`);
  for (const { id, status, text } of truth.generations) {
    const { body: shown } = await at.get<Generation>(`/api/generations/${id}`);
    if (shown.status !== status || shown.text !== text)
      complain(`${who} shows generation ${id} as ${shown.status} “${shown.text}”`);
  }
}
