import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { SETTINGS } from '../../../src/config/app-config.js';
import { settingsOf } from '../../../src/config/setting.js';

interface Service {
  image: string;
  build?: string;
  environment?: Record<string, string | null>;
  ports?: string[];
  command?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  stop_grace_period?: string;
}

const { services, volumes } = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const dockerfile = readFileSync('Dockerfile', 'utf8');
const proxy = readFileSync('deploy/compose/haproxy.cfg', 'utf8');
const settings = SETTINGS.flatMap((settingsClass) => settingsOf(settingsClass));
const ours = Object.entries(services).filter(([, service]) => service.build !== undefined);

test('two API instances, a worker, PostgreSQL, Redis and a proxy make the stack', () => {
  expect(Object.keys(services).sort()).toEqual(['api-1', 'api-2', 'postgres', 'proxy', 'redis', 'worker']);
  expect(services['api-1']).toEqual(services['api-2']);
});

test('only the proxy is reachable from outside, on port 3000', () => {
  const published = Object.entries(services).filter(([, service]) => service.ports !== undefined);
  expect(published.map(([name, { ports }]) => [name, ports])).toEqual([
    ['proxy', ['${RAPPORT_PORT:-3000}:3000']],
  ]);
});

test.each(ours)('%s is given only settings that exist', (_name, { environment = {} }) => {
  const known = settings.flatMap(({ env, aliases = [] }) => [env, ...aliases]);
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
});

test.each(ours)(
  '%s is given every secret that production does not make up',
  (_name, { environment = {} }) => {
    const needed = settings.filter(({ generate }) => generate !== undefined).map(({ env }) => env);
    expect(Object.keys(environment)).toEqual(
      expect.arrayContaining(['DATABASE_URL', 'REDIS_URL', ...needed]),
    );
  },
);

test('no secret has a value in the file: an unset one stops the start and says where to look', () => {
  const secret = new Set(settings.filter((setting) => setting.secret).map(({ env }) => env));
  const named = /PASSWORD|SECRET|_KEY$/;
  for (const { environment = {} } of Object.values(services)) {
    for (const [name, value] of Object.entries(environment)) {
      if (value === null || !(secret.has(name) || named.test(name))) continue;
      expect(value).toMatch(/\$\{[A-Z_]+:\?see the top of docker-compose\.yml\}/);
    }
  }
});

test('a service starts when what it depends on is healthy', () => {
  for (const { depends_on: dependencies = {} } of Object.values(services)) {
    for (const [name, { condition }] of Object.entries(dependencies)) {
      expect(condition).toBe('service_healthy');
      const dependency = services[name];
      const imageChecksItself = dependency?.build !== undefined && /^HEALTHCHECK /m.test(dockerfile);
      expect(dependency?.healthcheck?.test !== undefined || imageChecksItself).toBe(true);
    }
  }
});

test('the proxy keeps a client on its instance, and knows every instance', () => {
  const servers = [...proxy.matchAll(/^\s+server (\S+) (\S+) cookie (\S+)$/gm)].map(([, ...parts]) => parts);
  const instances = Object.keys(services).filter((name) => name.startsWith('api-'));
  expect(servers).toEqual(instances.map((name) => [name, `${name}:3000`, name]));
  expect(proxy).toMatch(/^\s+cookie \S+ insert indirect nocache httponly/m);
  expect(proxy).toMatch(/http-check send meth GET uri \/readyz/);
  expect(proxy).toMatch(/http-request set-header X-Forwarded-For %\[src\]/);
});

test('commands name entry points that the build makes', () => {
  const commands = [
    services.worker?.command ?? [],
    JSON.parse(/^CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]'),
  ];
  for (const command of commands as string[][]) {
    const entry = command.find((part) => part.startsWith('dist/'));
    expect(entry).toBeDefined();
    expect(
      existsSync(
        String(entry)
          .replace(/^dist\//, '')
          .replace(/\.js$/, '.ts'),
      ),
    ).toBe(true);
  }
});

test('the image runs as an unprivileged number, and gets the time it needs to drain', () => {
  expect(
    dockerfile
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('USER ')),
  ).toEqual(['USER 10001:10001']);
  for (const [, service] of ours) expect(service.stop_grace_period).toBe('45s');
});

test('images are pinned to a version, and named volumes exist', () => {
  const images = [
    ...Object.values(services).map(({ image }) => image),
    ...dockerfile.matchAll(/^FROM (\S+)/gm),
  ];
  for (const image of images) expect(Array.isArray(image) ? image[1] : image).toMatch(/:(?!latest)[\w.-]+$/);
  expect(Object.keys(volumes)).toEqual(['postgres']);
});
