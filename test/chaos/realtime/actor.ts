import { newCharacter, newPerson } from '../../support/api-client.js';
import type { Person } from '../../support/api-client.js';
import { seeded } from '../children/random.js';
import { ConversationClient } from './conversation-client.js';
import { Diary } from './diary.js';
import type { SentOnce } from './end-rules.js';
import { holds } from './holds.js';
import { PersistentCaller } from './persistent-caller.js';
import { ReplyFollower } from './reply-follower.js';
import type { Allowances } from './wire.js';
import { otherSide, type Side, type World } from './world.js';

const ENTER_MS = 10_000;

/** A person in one conversation, with two devices on different instances, and followers of each reply over SSE. */
export class Actor {
  /** What she sent, accepted or not. */
  readonly sent: SentOnce[] = [];
  readonly followers = new Map<string, ReplyFollower>();
  readonly caller: PersistentCaller;

  private constructor(
    readonly world: World,
    readonly person: Person,
    readonly conversationId: string,
    readonly random: () => number,
    readonly active: ConversationClient,
    readonly passive: ConversationClient,
    readonly diary: Diary,
    readonly allowances: Allowances,
  ) {
    this.caller = new PersistentCaller(world, person, active.device, diary);
  }

  static async enter(world: World, seed: number): Promise<Actor> {
    const diary = new Diary();
    const allowances: Allowances = {
      mayReset: () => world.logsLostSince(diary.began),
      mayLoseTail: () => world.repliesLostSince(diary.began),
    };
    const random = seeded(seed * 7_919 + 1);
    const person = await newPerson(world.url('a'));
    const { id: characterId } = await newCharacter(person);
    const { id: conversationId } = await person.converse(characterId);
    const start = (name: string, side: Side): Promise<ConversationClient> =>
      ConversationClient.start({
        world,
        person,
        conversationId,
        side,
        random,
        note: (what) => diary.note(`  ${name}: ${what}`),
        complain: (what) => diary.complain(`${name}: ${what}`),
        allowances,
      });
    const side: Side = random() < 0.5 ? 'a' : 'b';
    const [active, passive] = await Promise.all([start('active', side), start('passive', otherSide(side))]);
    const actor = new Actor(world, person, conversationId, random, active, passive, diary, allowances);
    if (!(await holds(ENTER_MS, () => actor.isSettled))) diary.complain(`not in step after ${ENTER_MS} ms`);
    return actor;
  }

  get isSettled(): boolean {
    return this.active.isSettled && this.passive.isSettled;
  }

  /** A reply that an ack announced. */
  expect(generationId: string): void {
    if (this.followers.has(generationId)) return;
    const { world, person, random, allowances, diary } = this;
    const { complain } = diary;
    this.active.expect(generationId);
    this.followers.set(
      generationId,
      new ReplyFollower({ world, person, generationId, random, complain, allowances }),
    );
  }

  async leave(): Promise<void> {
    await Promise.all([...this.followers.values()].map((follower) => follower.stop()));
    await Promise.all([this.active.stop(), this.passive.stop()]);
  }
}
