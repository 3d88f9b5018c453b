import fc from 'fast-check';
import { newReply, withPiece, withSnapshot } from './reply-stream.js';

const saying = (text: string) => ({ ...newReply('g'), text });

describe('a reply that is on its way', () => {
  it('grows by each piece', () => {
    expect(withPiece(saying('Hel'), { offset: 3, text: 'lo' })).toMatchObject({ text: 'Hello', gap: false });
  });

  it('does not change by a piece applied twice', () => {
    const reply = withPiece(saying('Hel'), { offset: 3, text: 'lo' });
    expect(withPiece(reply, { offset: 3, text: 'lo' })).toBe(reply);
  });

  it('takes only the end of a piece whose beginning is known', () => {
    expect(withPiece(saying('Hell'), { offset: 3, text: 'lo you' }).text).toBe('Hello you');
  });

  it('says that text is missing instead of joining what does not belong together', () => {
    expect(withPiece(saying('Hel'), { offset: 4, text: 'o' })).toMatchObject({ text: 'Hel', gap: true });
  });

  it('counts UTF-16 units, as the service does', () => {
    expect(withPiece(saying('👋'), { offset: 2, text: '!' }).text).toBe('👋!');
  });

  it('is whole again by a snapshot', () => {
    const torn = withPiece(saying('Hel'), { offset: 4, text: 'o' });
    expect(withSnapshot(torn, 'Hello')).toMatchObject({ text: 'Hello', gap: false });
  });

  it('does not forget by an old snapshot', () => {
    const reply = saying('Hello');
    expect(withSnapshot(reply, 'Hel')).toBe(reply);
  });

  it('says the same whatever is replayed, from wherever', () => {
    const told = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(told, fc.array(fc.nat({ max: 11 })), (pieces, restarts) => {
        const deltas = pieces.map((text, index) => ({
          offset: pieces.slice(0, index).join('').length,
          text,
        }));
        const heard = [...restarts.flatMap((from) => deltas.slice(0, from)), ...deltas];
        expect(heard.reduce(withPiece, newReply('g')).text).toBe(pieces.join(''));
      }),
    );
  });
});
