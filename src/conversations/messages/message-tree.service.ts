import { Injectable } from '@nestjs/common';
import type { Conversation } from '../conversation.js';
import type { GenerationEntity } from '../generations/generation.entity.js';
import { MessagePaths } from './message-paths.repository.js';
import { MessagesRepository, type MessageRecord } from './messages.repository.js';

/** Where a new message is put, and what becomes of the path that is shown. */
export interface Placement {
  branch: number;
  pos: number;
  /** Whether it is on the path that is shown. */
  shown: boolean;
  /** Whether its branch becomes the one that is shown. */
  switches: boolean;
  /** What was shown after the place where it begins is shown no more: whoever shows it has to read it again. */
  turned: boolean;
}

/**
 * Where messages stand in their conversation's tree. What follows the end of a branch goes on with it; what follows an
 * earlier message begins a branch of its own. Under the conversation's lock.
 */
@Injectable()
export class MessageTree {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly paths: MessagePaths,
  ) {}

  /** For a message of the user: behind `parent`, or behind what is shown last. */
  async placeMessage(
    { id, lastSeq, activeBranch }: Conversation,
    parent?: MessageRecord,
  ): Promise<Placement> {
    const seq = lastSeq + 1;
    const pos = 2 * seq;
    const last = parent && (await this.paths.last(id));
    if (!parent || last?.id === parent.id)
      return { branch: activeBranch, pos, shown: true, switches: false, turned: false };
    if (await this.isEnd(parent))
      return { branch: parent.branch, pos, shown: true, switches: true, turned: true };
    await this.paths.fork(parent, seq);
    return { branch: seq, pos, shown: true, switches: true, turned: true };
  }

  /**
   * For a reply: right behind what it answers. Another variant begins a branch there; it is shown unless its user has
   * said something or gone elsewhere since it was asked for.
   */
  async placeReply(
    { id, lastSeq }: Conversation,
    { askedSeq }: Pick<GenerationEntity, 'askedSeq'>,
    answered: MessageRecord,
  ): Promise<Placement> {
    const seq = lastSeq + 1;
    const pos = answered.pos + 1;
    const isFirst = askedSeq === null && !(await this.messages.hasReplyBehind(answered));
    const joins = isFirst || (await this.isEnd(answered));
    const branch = joins ? answered.branch : seq;
    if (joins && lastSeq > answered.seq) await this.paths.markLate({ ...answered, pos }, seq);
    if (joins && (await this.paths.isShown({ ...answered, pos }))) {
      return { branch, pos, shown: true, switches: false, turned: false };
    }
    const said = await this.paths.last(id, 'user');
    const nothingSince = !isFirst && (said?.seq ?? 0) <= (askedSeq ?? answered.seq);
    const shown = nothingSince && (await this.paths.isShown(answered));
    const last = await this.paths.last(id);
    if (!joins) await this.paths.fork(answered, branch);
    return { branch, pos, shown, switches: shown, turned: shown && last !== undefined && last.pos > pos };
  }

  /** What choosing a message does to the path that is shown; undefined when it is on it. */
  async placeChosen(chosen: MessageRecord): Promise<Placement | undefined> {
    const { conversationId, branch, pos, role } = chosen;
    if (await this.paths.isShown(chosen)) return undefined;
    const ends = [await this.paths.last(conversationId), await this.paths.lastOf(conversationId, branch)];
    const goesOn = ends.some((end) => end !== undefined && end.pos > pos);
    return { branch, pos, shown: true, switches: true, turned: goesOn || role === 'user' };
  }

  private async isEnd({ conversationId, branch, pos }: MessageRecord): Promise<boolean> {
    const end = await this.paths.lastOf(conversationId, branch);
    return end === undefined || end.pos <= pos;
  }
}
