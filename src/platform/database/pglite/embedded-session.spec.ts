import { EmbeddedSession, SessionBusyError, type ProtocolServer } from './embedded-session.js';
import { errorAnswer, rollbackQuery, startupAnswer } from './wire-protocol.js';

const idle = startupAnswer({});
const inTransaction = Buffer.concat([idle.subarray(0, -1), Buffer.from('T')]);
const aborted = Buffer.concat([idle.subarray(0, -1), Buffer.from('E')]);

/** A server whose statements are answered when the test says so. */
class ScriptedServer implements ProtocolServer {
  readonly received: string[] = [];
  constructor(private readonly answers: Record<string, Buffer>) {}

  async execProtocolRawStream(message: Uint8Array, { onRawData }: { onRawData: (data: Uint8Array) => void }) {
    const text = Buffer.from(message).toString();
    this.received.push(text);
    await new Promise(setImmediate);
    const answer = this.answers[text] ?? idle;
    onRawData(answer.subarray(0, 3));
    onRawData(answer.subarray(3));
  }
}

const begin = Buffer.from('begin');
const commit = Buffer.from('commit');
const statement = (text: string): Buffer => Buffer.from(text);

describe('EmbeddedSession', () => {
  const anna = {};
  const ben = {};
  const carl = {};

  it('lets an owner keep its turn from BEGIN to COMMIT; others follow in the order they came', async () => {
    const server = new ScriptedServer({ begin: inTransaction, a1: inTransaction, a2: aborted, commit: idle });
    const session = new EmbeddedSession(server, 1_000);
    await session.exchange(anna, begin);
    const waiting = [session.exchange(ben, statement('b')), session.exchange(carl, statement('c'))];
    await session.exchange(anna, statement('a1'));
    await session.exchange(anna, statement('a2'));
    await session.exchange(anna, commit);
    await Promise.all(waiting);
    expect(server.received).toEqual(['begin', 'a1', 'a2', 'commit', 'b', 'c']);
  });

  it('puts the pieces of an answer together', async () => {
    const session = new EmbeddedSession(new ScriptedServer({}), 1_000);
    expect(await session.exchange(anna, statement('x'))).toEqual(idle);
  });

  it('tells who waits too long why, sends nothing for it, and goes on', async () => {
    const server = new ScriptedServer({ begin: inTransaction });
    const session = new EmbeddedSession(server, 20);
    await session.exchange(anna, begin);
    await expect(session.exchange(ben, statement('late'))).rejects.toThrow(SessionBusyError);
    await session.exchange(anna, commit);
    await session.exchange(ben, statement('again'));
    expect(server.received).toEqual(['begin', 'commit', 'again']);
  });

  it('rolls back for an owner that is gone, and forgets one that was still waiting', async () => {
    const server = new ScriptedServer({ begin: inTransaction });
    const session = new EmbeddedSession(server, 1_000);
    await session.exchange(anna, begin);
    void session.exchange(ben, statement('never'));
    await session.abandon(ben, rollbackQuery);
    await session.abandon(anna, rollbackQuery);
    await session.exchange(carl, statement('c'));
    expect(server.received).toEqual(['begin', rollbackQuery.toString(), 'c']);
  });

  it('reports a server that stops answering, instead of waiting', async () => {
    const session = new EmbeddedSession(new ScriptedServer({ x: Buffer.from('torn') }), 1_000);
    await expect(session.exchange(anna, statement('x'))).rejects.toThrow('stopped answering');
  });

  it('sends nothing once it is closed, not even for an owner that goes away inside a transaction', async () => {
    const server = new ScriptedServer({ begin: inTransaction });
    const session = new EmbeddedSession(server, 1_000);
    await session.exchange(anna, begin);
    session.close();
    await session.abandon(anna, rollbackQuery);
    await expect(session.exchange(anna, commit)).rejects.toThrow('closed');
    expect(server.received).toEqual(['begin']);
  });

  it('takes an error answer as the end of a statement', async () => {
    const server = new ScriptedServer({ bad: errorAnswer('42601', 'syntax error') });
    const session = new EmbeddedSession(server, 50);
    await session.exchange(anna, statement('bad'));
    await session.exchange(ben, statement('good'));
    expect(server.received).toEqual(['bad', 'good']);
  });
});
