import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { loadSettings } from '../../../src/config/load-settings.js';
import { ConnectorSettings } from '../../../src/connectors/connectors.settings.js';
import { OutboundClient } from '../../../src/connectors/outbound/outbound-client.js';
import { readLimit } from '../../../src/connectors/quotas/limit-headers.js';
import { ProviderAccounts } from '../../../src/connectors/registry/provider-accounts.service.js';
import { ProviderRequests } from '../../../src/connectors/registry/provider-requests.js';
import type { Provider } from '../../../src/connectors/registry/provider.js';
import { Providers } from '../../../src/connectors/registry/providers.service.js';

const ROOT = resolve(__dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/connectors.md'), 'utf8');

const ANSWERS: Record<string, { body: unknown; headers?: Record<string, string> }> = {
  '/user': { body: { id: 7, name: 'Ada', web_url: 'https://gitlab.com/ada' } },
  '/projects?membership=true&per_page=100': {
    body: [
      { id: 1, path_with_namespace: 'ada/engine', topics: ['Machine-Learning'], last_activity_at: 'never' },
    ],
    headers: { 'x-next-page': '2', 'ratelimit-limit': '2000', 'ratelimit-remaining': '1999' },
  },
  '/projects?membership=true&per_page=100&page=2': {
    body: [{ id: 2 }, { topics: [] }],
    headers: { 'x-next-page': '' },
  },
};

describe('the platform in docs/connectors.md', () => {
  const server = createServer((request, response) => {
    const known = request.headers.authorization === 'Bearer t' ? ANSWERS[request.url ?? ''] : undefined;
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json', ...known?.headers });
    response.end(JSON.stringify(known?.body ?? {}));
  });
  let directory: string;
  let gitlab: Provider;
  let settings: ConnectorSettings;
  let outbound: OutboundClient;

  beforeAll(async () => {
    const code = /^```ts\n([\s\S]*?)^```$/m.exec(page)![1]!;
    directory = mkdtempSync(join(ROOT, 'node_modules/.cache/connectors-page-'));
    const file = join(directory, 'gitlab.ts');
    writeFileSync(file, code.replaceAll("'../", "'../../../src/connectors/registry/"));
    ({ gitlab } = require(file) as { gitlab: Provider });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    settings = loadSettings([ConnectorSettings], {
      CONNECTOR_TRUSTED_HOSTS: host,
      CONNECTOR_ENDPOINTS: `gitlab.api=http://${host}`,
    }).get(ConnectorSettings);
    outbound = new OutboundClient(settings);
  });

  afterAll(async () => {
    await outbound.onApplicationShutdown();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true, force: true });
  });

  it('is read page by page', async () => {
    const provider = new Providers(settings, [gitlab]).get('gitlab');
    const requests = new ProviderRequests(outbound);
    const account = await new ProviderAccounts(requests).read(provider, 't');
    expect(account).toEqual({ id: '7', name: 'Ada', profileUrl: 'https://gitlab.com/ada' });

    const [step] = provider.kinds['code']!.steps;
    const items: unknown[] = [];
    let cursor: string | undefined;
    do {
      const path = step!.path(cursor, undefined);
      const answer = await requests.get(provider, { path, accessToken: 't' });
      if (cursor === undefined)
        expect(readLimit(answer, provider.api.limit)).toMatchObject({ limit: 2_000, remaining: 1_999 });
      items.push(...step!.list(answer.body)!.flatMap((raw) => step!.item(raw) ?? []));
      cursor = step!.next(answer, cursor);
    } while (cursor !== undefined);
    expect(items).toEqual([
      { id: 'project:1', at: undefined, title: 'ada/engine', labels: ['machine learning'] },
      { id: 'project:2', at: undefined, title: undefined, labels: [] },
    ]);
  });

  it('stands beside all that are shipped in its table', () => {
    const [section] = /^## Platforms$[\s\S]*?^## /m.exec(page)!;
    const named = [...section.matchAll(/^\| `([a-z]+)`/gm)].map(([, name]) => name);
    const shipped = new Providers(loadSettings([ConnectorSettings], {}).get(ConnectorSettings)).list();
    expect(named).toEqual([...shipped.map(({ platform }) => platform), 'oidc']);
    for (const provider of shipped)
      for (const kind of Object.keys(provider.kinds)) expect(page).toContain(`\`${kind}\``);
  });
});
