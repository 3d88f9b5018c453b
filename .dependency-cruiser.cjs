// The direction of architecture.md as rules: apps → src → libs, and features from left to right.
// A feature may import the features of the groups before its own, never one of its own group or after it.
const FEATURE_GROUPS = [
  ['users'],
  ['organizations'],
  ['auth'],
  ['characters', 'connectors', 'usage'],
  ['ai'],
  ['openai'],
  ['conversations'],
  ['rooms', 'leads'],
  ['realtime'],
  ['health'],
  ['console'],
];
const FEATURES = FEATURE_GROUPS.flat();
const any = (names) => `(?:${names.join('|')})`;
const FEATURE = `^src/(${FEATURES.join('|')})/`;
const SPEC = '\\.(?:(?:e2e|chaos)-)?spec\\.tsx?$';

const featureOrder = FEATURE_GROUPS.flatMap((group, index) =>
  group.map((feature) => {
    const notAllowed = FEATURE_GROUPS.slice(index)
      .flat()
      .filter((other) => other !== feature);
    return {
      name: `${feature}-imports-only-what-is-left-of-it`,
      comment: 'Needed the other way? Publish an event, or let the feature on the right call.',
      severity: 'error',
      from: { path: `^src/${feature}/` },
      to: { path: `^src/${any([...notAllowed, '__none__'])}/` },
    };
  }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...featureOrder,
    {
      name: 'known-folders-only',
      comment: 'A new folder of src gets its place in FEATURE_GROUPS first.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(?:config|platform|${FEATURES.join('|')})/` },
      to: {},
    },
    {
      name: 'only-the-app-module-imports-realtime',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(?:realtime/|app\\.module\\.ts$|bootstrap\\.ts$|config/app-config\\.ts$)',
      },
      to: { path: '^src/realtime/' },
    },
    {
      name: 'no-foreign-repository',
      comment: "Another feature's rows are reached through its service.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/.*\\.repository\\.ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'no-foreign-entity',
      comment: "Another feature's rows are reached through its service.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/.*\\.entity\\.ts$', pathNot: '^src/$1/' },
    },
    {
      name: 'only-the-public-files-of-a-feature',
      comment:
        'Module, service, DTOs, events, cache table, error codes, types and what routes put on their answers (headers, ' +
        'interceptors) are public; the rest is its own.',
      severity: 'error',
      from: { path: FEATURE },
      to: {
        path: FEATURE,
        pathNot: [
          '^src/$1/',
          '\\.(?:module|service|dto|events|cache|errors|types|headers|interceptor)\\.ts$',
        ],
      },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/(?:platform|config)/', pathNot: '^src/config/app-config\\.ts$' },
      to: { path: FEATURE },
    },
    {
      name: 'app-config-imports-only-settings-of-features',
      severity: 'error',
      from: { path: '^src/config/app-config\\.ts$' },
      to: { path: FEATURE, pathNot: '\\.settings\\.ts$' },
    },
    {
      name: 'src-knows-no-app',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^apps/' },
    },
    {
      name: 'the-console-knows-only-the-public-api',
      comment: 'It runs in a browser and shares nothing with the service but the contract.',
      severity: 'error',
      from: { path: '^apps/console/' },
      to: { path: '^(?:src|libs|apps/(?!console/))' },
    },
    {
      name: 'libs-know-no-service',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(?:src|apps)/' },
    },
    {
      name: 'redis-knows-no-cache',
      severity: 'error',
      from: { path: '^libs/redis/' },
      to: { path: '^libs/cache/' },
    },
    {
      name: 'libraries-through-their-door',
      comment:
        'src/index.ts (and src/testing for tests) is what a library promises; everything else may change. ' +
        "A library's own tests that need servers stand in test/integration and may look inside.",
      severity: 'error',
      from: {
        path: '^(?:(?:src|apps|test|bench)/|libs/([^/]+)/)',
        pathNot: '^test/integration/(?:cache|redis)/',
      },
      to: { path: '^libs/[^/]+/', pathNot: ['^libs/[^/]+/src/(?:index\\.ts$|testing/)', '^libs/$1/'] },
    },
    {
      name: 'no-test-code-in-production',
      severity: 'error',
      from: { path: '^(?:src|apps|libs)/', pathNot: [SPEC, '^libs/[^/]+/(?:test|src/testing)/'] },
      to: { path: ['^(?:test|bench|tools)/', SPEC, '^libs/[^/]+/src/testing/'] },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle of values runs decorators before initialisation in ESM. Types may point both ways.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-dependency-in-production',
      comment: 'The console is bundled, so what it imports is needed only while building.',
      severity: 'error',
      from: {
        path: '^(?:src|apps|libs)/',
        pathNot: [SPEC, '^apps/console/', '^libs/[^/]+/(?:test|src/testing)/'],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unlisted-package',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable-import',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(?:^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
