import { Heartbeat } from './heartbeat.js';

describe('the sign of life of a reply', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is given from the claim on until the end is stored, whether anything is said or not', async () => {
    const beats: string[] = [];
    const heartbeat = new Heartbeat((said) => Promise.resolve(void beats.push(said)));
    jest.advanceTimersByTime(2_000);
    heartbeat.told = () => 'Hello';
    jest.advanceTimersByTime(2_000);
    await heartbeat.keep('Hello there');
    jest.advanceTimersByTime(2_000);
    heartbeat.stop();
    jest.advanceTimersByTime(10_000);
    expect(beats).toEqual(['', 'Hello', 'Hello there', 'Hello there']);
  });
});
