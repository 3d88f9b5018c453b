import { DemoAccount } from '../../../src/auth/demo-account.js';
import { startApi, type ApiOptions } from './api-harness.js';

const withApi = async (
  options: ApiOptions,
  work: (demo: DemoAccount, api: Awaited<ReturnType<typeof startApi>>) => Promise<void>,
) => {
  const api = await startApi({ on: 'embedded', ...options });
  try {
    await work(api.app.get(DemoAccount, { strict: false }), api);
  } finally {
    await api.close();
  }
};

describe('the demo account', () => {
  it('is made once in an empty embedded database, and can log in', () =>
    withApi({ settings: { DEMO_PASSWORD: 'a demo password' } }, async (demo, api) => {
      const first = await demo.ensure();
      expect(first).toEqual({ created: true, userId: expect.any(String) });
      expect(await demo.ensure()).toEqual({ created: false, userId: first.userId });
      const login = await api.call('POST', '/auth/login', {
        body: { email: 'demo@rapport.local', password: 'a demo password' },
      });
      expect(login.status).toBe(200);
    }));

  it('is not made where somebody has registered', () =>
    withApi({}, async (demo, api) => {
      await api.register('ann');
      expect(await demo.ensure()).toEqual({ created: false, userId: undefined });
    }));

  it.each<[string, ApiOptions]>([
    ['when it is switched off', { settings: { DEMO_DATA: 'false' } }],
    [
      'in production, even when it is switched on',
      { settings: { NODE_ENV: 'production', DEMO_DATA: 'true' } },
    ],
    ['on PostgreSQL', { on: 'postgres' }],
  ])('is not made %s', (_when, options) =>
    withApi(options, async (demo) => {
      expect(await demo.ensure()).toEqual({ created: false, userId: undefined });
    }),
  );
});
