import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Person } from '../../support/api-client.js';
import { LinkLost, type Device } from './device.js';
import type { Diary } from './diary.js';
import { otherSide, type Side, type World } from './world.js';

const PATIENCE_MS = 25_000;
/** A link that is lost again and again is given up for REST. */
const SOCKET_ATTEMPTS = 3;
const PAUSE_MS = 50;

/** A request in both of its forms. */
export interface Wish<Body> {
  what: string;
  rest: (at: Person) => Promise<Answer<Body>>;
  /** Event and payload of the same request over the socket. */
  socket?: [event: string, payload: object];
  how: string;
  /** Where to begin; the device's own instance unless given. */
  side?: Side | undefined;
  /** Refusals that may be, by status. */
  allowed?: number[];
  /** Refusals that may be once an attempt had no answer: it may have been heard all the same. */
  again?: number[];
}

/** Asks until there is an answer, at whichever instance is there, as clients do that must not lose anything. */
export class PersistentCaller {
  constructor(
    private readonly world: World,
    private readonly person: Person,
    private readonly device: Device,
    private readonly diary: Diary,
  ) {}

  /** Undefined when the answer is one that must not be, or none came. */
  async ask<Body>({
    what,
    rest,
    socket,
    how,
    side,
    allowed,
    again,
  }: Wish<Body>): Promise<Answer<Body> | undefined> {
    const deadline = performance.now() + PATIENCE_MS;
    let next = side ?? this.device.side;
    for (let attempt = 0; performance.now() < deadline; attempt += 1) {
      const linked = how === 'socket' && attempt < SOCKET_ATTEMPTS && this.device.isConnected;
      const at = linked ? this.device.side : next;
      const wasLeaving = this.world.mayRefuse(at);
      const answer = await (socket && linked ? this.overSocket<Body>(...socket) : this.overRest(rest, at));
      const isAway = wasLeaving || this.world.mayRefuse(at);
      this.diary.note(`${what} at ${at}${linked ? ' (socket)' : ''}: ${answer?.status ?? 'no answer'}`);
      if (answer) {
        const { status } = answer;
        if (status < 300 || allowed?.includes(status) || (attempt > 0 && again?.includes(status)))
          return answer;
        if (status !== 503 || !isAway)
          this.diary.complain(`${what} at ${at} was answered ${status} ${JSON.stringify(answer.body)}`);
        if (status < 500) return undefined;
      } else if (!linked && !isAway) {
        this.diary.complain(`${what}: ${at} hung up`);
      }
      next = otherSide(next);
      await sleep(PAUSE_MS);
    }
    this.diary.complain(`${what} was not answered for ${PATIENCE_MS} ms`);
    return undefined;
  }

  private overRest<Body>(rest: Wish<Body>['rest'], side: Side): Promise<Answer<Body> | undefined> {
    return rest(this.person.at(this.world.url(side))).catch(() => undefined);
  }

  private async overSocket<Body>(event: string, payload: object): Promise<Answer<Body> | undefined> {
    const headers = new Headers();
    try {
      const ack = await this.device.ask<Body>(event, payload);
      if (ack.ok) return { status: 200, headers, body: ack.data, queries: NaN };
      return { status: ack.error.status, headers, body: ack.error as Body, queries: NaN };
    } catch (error) {
      if (error instanceof LinkLost) return undefined;
      throw error;
    }
  }
}
