import { ProjectCopy } from './project-copy.js';

const leaf = 'export const value = 1;\n';
const importing = (...specifiers: string[]) =>
  specifiers.map((specifier, index) => `export { value as value${index} } from '${specifier}';\n`).join('');

/** What each file imports; every file exports `value`. */
const FORBIDDEN: [rule: string, from: string, to: string][] = [
  [
    'users-imports-only-what-is-left-of-it',
    'src/users/users.service.ts',
    'src/characters/characters.service.ts',
  ],
  [
    'usage-imports-only-what-is-left-of-it',
    'src/usage/usage.service.ts',
    'src/connectors/connectors.service.ts',
  ],
  ['ai-imports-only-what-is-left-of-it', 'src/ai/ai.service.ts', 'src/conversations/messages.service.ts'],
  [
    'openai-imports-only-what-is-left-of-it',
    'src/openai/openai-chat.service.ts',
    'src/conversations/conversations.service.ts',
  ],
  ['rooms-imports-only-what-is-left-of-it', 'src/rooms/rooms.service.ts', 'src/leads/leads.service.ts'],
  ['only-the-app-module-imports-realtime', 'src/rooms/rooms.topics.ts', 'src/realtime/realtime.service.ts'],
  ['no-foreign-repository', 'src/conversations/a.service.ts', 'src/users/users.repository.ts'],
  ['no-foreign-entity', 'src/conversations/b.service.ts', 'src/users/user.entity.ts'],
  ['only-the-public-files-of-a-feature', 'src/conversations/c.service.ts', 'src/users/users.rules.ts'],
  ['platform-knows-no-feature', 'src/platform/jobs/jobs.ts', 'src/users/users.dto.ts'],
  ['platform-knows-no-feature', 'src/config/load.ts', 'src/users/users.settings.ts'],
  ['app-config-imports-only-settings-of-features', 'src/config/app-config.ts', 'src/users/users.module.ts'],
  ['src-knows-no-app', 'src/ai/ai.module.ts', 'apps/worker/src/jobs.ts'],
  ['libs-know-no-service', 'libs/cache/src/a.ts', 'src/platform/ids.ts'],
  ['the-console-knows-only-the-public-api', 'apps/console/src/main.ts', 'src/users/users.types.ts'],
  ['redis-knows-no-cache', 'libs/redis/src/a.ts', 'libs/cache/src/index.ts'],
  ['libraries-through-their-door', 'src/users/users.events.ts', 'libs/cache/src/inner.ts'],
  ['no-test-code-in-production', 'src/users/users.errors.ts', 'test/support/clock.ts'],
  ['no-cycles', 'src/users/one.ts', 'src/users/two.ts'],
  ['known-folders-only', 'src/surprise/surprise.ts', 'src/platform/ids.ts'],
];

const ALLOWED: [from: string, to: string][] = [
  ['src/conversations/d.service.ts', 'src/users/users.service.ts'],
  ['src/conversations/e.service.ts', 'src/usage/usage.errors.ts'],
  ['src/conversations/f.service.ts', 'src/conversations/f.repository.ts'],
  ['src/users/users.module.ts', 'libs/cache/src/index.ts'],
  ['src/auth/auth.service.ts', 'src/platform/ids.ts'],
  ['src/app.module.ts', 'src/realtime/realtime.module.ts'],
  ['apps/worker/src/main.ts', 'src/app.module.ts'],
  ['libs/cache/src/b.ts', 'libs/redis/src/index.ts'],
  ['src/users/users.service.spec.ts', 'test/support/clock.ts'],
];

const specifier = (from: string, to: string) =>
  `${'../'.repeat(from.split('/').length - 1) || './'}${to.replace(/\.ts$/, '.js')}`;

interface Violation {
  rule: { name: string; severity: string };
  from: string;
  to: string;
}

let project: ProjectCopy;
let violations: Violation[];

beforeAll(() => {
  const imports = new Map<string, string[]>();
  const edges = [...FORBIDDEN.map(([, from, to]) => [from, to] as const), ...ALLOWED];
  for (const [from, to] of edges) {
    imports.set(from, [...(imports.get(from) ?? []), specifier(from, to)]);
    if (!imports.has(to)) imports.set(to, []);
  }
  imports.set('src/users/two.ts', ['./one.js']);
  project = new ProjectCopy(
    Object.fromEntries([...imports].map(([file, specifiers]) => [file, leaf + importing(...specifiers)])),
  );
  const { output } = project.run(
    'depcruise',
    ...['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'libs', 'apps', 'test'],
  );
  violations = (JSON.parse(output) as { summary: { violations: Violation[] } }).summary.violations;
});

afterAll(() => project.remove());

test.each(FORBIDDEN)('%s: %s must not import %s', (rule, from, to) => {
  const found = violations.filter((violation) => violation.from === from && violation.rule.name === rule);
  expect(found.map((violation) => [violation.to, violation.rule.severity])).toContainEqual([to, 'error']);
});

test.each(ALLOWED)('%s may import %s', (from, to) => {
  expect(violations.filter((violation) => violation.from === from && violation.to === to)).toEqual([]);
});
