import { KEPT_EVENTS } from '../../platform/events/event-log.js';
import { MemoryEventLog } from '../../platform/events/memory-event-log.js';
import { generationStream, REPLY_COMPLETED, REPLY_DELTA, REPLY_STARTED } from '../conversations.events.js';
import { heardOf } from './heard-reply.js';

async function logOf(deltas: number): Promise<{ log: MemoryEventLog; said: string }> {
  const log = new MemoryEventLog();
  const stream = generationStream('g');
  await log.append({ stream, type: REPLY_STARTED, data: {} });
  let said = '';
  for (let index = 0; index < deltas; index++) {
    const text = `${index} `;
    await log.append({ stream, type: REPLY_DELTA, data: { generationId: 'g', offset: said.length, text } });
    said += text;
  }
  return { log, said };
}

describe('what was heard of a reply', () => {
  it('is all of it, whatever the last heartbeat had stored', async () => {
    const { log, said } = await logOf(50);
    for (const length of [0, 7, said.length])
      expect(await heardOf(log, { id: 'g', text: said.slice(0, length) })).toMatchObject({
        text: said,
        seq: 51,
      });
  });

  it('is all of it also when the first events are no longer kept', async () => {
    const { log, said } = await logOf(2 * KEPT_EVENTS);
    const heard = await heardOf(log, { id: 'g', text: said.slice(0, -500) });
    expect(heard.text).toBe(said);
  });

  it('does not count its end, which nobody who hears of the rest has heard yet', async () => {
    const { log, said } = await logOf(5);
    const end = { stream: generationStream('g'), type: REPLY_COMPLETED, data: {} };
    await log.tell({ ...end, id: 'e', ts: '', fact: 1, last: true });
    expect(await heardOf(log, { id: 'g', text: '' })).toMatchObject({ text: said, seq: 6 });
  });

  it('is what was stored when the log has nothing', async () => {
    expect(await heardOf(new MemoryEventLog(), { id: 'g', text: 'stored' })).toMatchObject({
      text: 'stored',
      seq: 0,
    });
  });
});
