import { inspect } from 'node:util';
import { StartupError } from './platform/errors/startup-error.js';
import { runProcess } from './process.js';

describe('a process', () => {
  let said: string;
  let exit: jest.SpyInstance;

  beforeEach(() => {
    said = '';
    exit = jest.spyOn(process, 'exit').mockReturnValue(undefined as never);
    jest.spyOn(process, 'on').mockReturnThis();
    jest.spyOn(console, 'error').mockImplementation((...parts: unknown[]) => {
      said += parts.map((part) => (typeof part === 'string' ? part : inspect(part, { depth: 9 }))).join(' ');
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const fails = (error: Error): Promise<void> =>
    runProcess(
      () => Promise.reject(error),
      () => Promise.resolve(),
      { graceMs: () => 1_000 },
    );

  it('that cannot start says why and what to do, and ends with 1', async () => {
    await fails(new StartupError('The port is taken.', 'Choose another PORT.'));
    expect(said.trim()).toBe('The port is taken.\nChoose another PORT.');
    expect(exit).toHaveBeenCalledWith(1);
  });

  it('says where it failed, and nothing of what it was about', async () => {
    const command = { name: 'set', args: ['key', 'S3CRET'] };
    const error = Object.assign(new Error('connect redis://user:S3CRET@host'), { command });
    await fails(new Error('no', { cause: error }));
    expect(said).toContain('process.spec.ts');
    expect(said).toContain('connect redis://user:[redacted]@host');
    expect(said).not.toContain('S3CRET');
    expect(exit).toHaveBeenCalledWith(1);
  });
});
