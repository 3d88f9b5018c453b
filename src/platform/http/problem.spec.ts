import { HttpException, NotFoundException, ServiceUnavailableException } from '@nestjs/common';
import { LockLost, LockTimeout, LockUnavailable } from '@rapport/redis';
import { AppError } from '../errors/app-error.js';
import { toAppError, toProblem } from './problem.js';

const driverError = (code: string, message = 'm'): Error =>
  Object.assign(new Error(message), { driverError: Object.assign(new Error(message), { code }) });

describe('toProblem', () => {
  it('carries what the error says, and its members cannot pose as the standard ones', () => {
    const error = new AppError('quota-exceeded', 'too-many-requests', 'Quota', 'Spent.', {
      retryAfterMs: 5,
      members: { kind: 'text', status: 200, code: 'ok' },
    });
    expect(toProblem(error, { instance: '/x', requestId: 'r' })).toEqual({
      type: '/problems/quota-exceeded',
      title: 'Quota',
      status: 429,
      detail: 'Spent.',
      instance: '/x',
      code: 'quota-exceeded',
      requestId: 'r',
      retryAfterMs: 5,
      kind: 'text',
    });
  });

  it('never tells the cause', () => {
    const error = new AppError('x', 'internal', 't', 'd', { cause: new Error('S3CRET') });
    expect(
      JSON.stringify([toProblem(error), toProblem(new Error('S3CRET')), toProblem('S3CRET')]),
    ).not.toContain('S3CRET');
  });
});

describe('toAppError', () => {
  it.each<[unknown, number, string]>([
    [new NotFoundException('x'), 404, 'not-found'],
    [new LockTimeout('x', 1), 503, 'unavailable'],
    [new LockUnavailable('x'), 503, 'unavailable'],
    [new LockLost('x', 'y'), 503, 'unavailable'],
    [new ServiceUnavailableException('x'), 503, 'unavailable'],
    [new HttpException('x', 418), 400, 'validation-failed'],
    [new HttpException('x', 500), 500, 'internal'],
    [new HttpException('x', 507), 500, 'internal'],
    [driverError('08006'), 503, 'unavailable'],
    [driverError('53300'), 503, 'unavailable'],
    [driverError('57P01'), 503, 'unavailable'],
    [driverError('57014'), 503, 'unavailable'],
    [driverError('40001'), 503, 'unavailable'],
    [driverError('ECONNRESET'), 503, 'unavailable'],
    [driverError('', 'timeout exceeded when trying to connect'), 503, 'unavailable'],
    [driverError('23505'), 500, 'internal'],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 500, 'internal'],
    [undefined, 500, 'internal'],
  ])('maps %p to %i %s', (thrown, status, code) => {
    expect(toAppError(thrown)).toMatchObject({ status, code });
  });

  it('keeps the thrown value as cause', () => {
    const thrown = driverError('08006');
    expect(toAppError(thrown).cause).toBe(thrown);
  });
});
