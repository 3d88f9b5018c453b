import { payloadBytes } from './payload-size.js';

const LIMIT = 65_536;

describe('the size of a payload', () => {
  it.each<[unknown, number]>([
    ['hello', 7],
    ['é', 4],
    [12.5, 4],
    [null, 4],
    [Buffer.alloc(1_000), 1_000],
    [new Uint16Array(500), 1_000],
    [new ArrayBuffer(10), 10],
    [{ a: 'b' }, 10],
  ])('of %p is %i bytes', (payload, bytes) => {
    expect(payloadBytes(payload, LIMIT)).toBe(bytes);
  });

  it('is about that of its JSON', () => {
    const payload = { text: 'Hello', list: Array.from({ length: 100 }, (_, n) => ({ n, ok: true })) };
    const { length } = JSON.stringify(payload);
    expect(payloadBytes(payload, LIMIT)).toBeGreaterThan(length * 0.8);
    expect(payloadBytes(payload, LIMIT)).toBeLessThan(length * 1.5);
  });

  it('is found for what is nested too deep to be walked through by recursion', () => {
    let nested: unknown = 1;
    for (let level = 0; level < 20_000; level++) nested = [nested];
    expect(payloadBytes(nested, LIMIT)).toBeGreaterThan(20_000);
  });

  it('is beyond any limit for what contains itself', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(payloadBytes(circle, LIMIT)).toBeGreaterThan(LIMIT);
  });

  it('is not counted further than the limit', () => {
    let looks = 0;
    const wide = new Proxy<number[]>([], {
      get: (items, name) => {
        looks += 1;
        return name === 'length' ? 5_000_000 : (Reflect.get(items, name) ?? 0);
      },
    });
    expect(payloadBytes(wide, LIMIT)).toBeLessThan(2 * LIMIT);
    expect(looks).toBeLessThan(2 * LIMIT);
  });
});
