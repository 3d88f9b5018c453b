// ESM source, compiled to CommonJS inside Jest: on Node 20 this is what runs NestJS 12 (ESM-only) and TypeORM
// together with jest mocks. See docs/decisions/0002-tests-in-jest.md.
const swc = (parser) => [
  '@swc/jest',
  {
    jsc: {
      parser,
      target: 'es2022',
      keepClassNames: true,
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'commonjs', ignoreDynamic: true },
    isModule: 'unknown',
    // Beside the code: a map within it is read and kept by every test file.
    sourceMaps: true,
  },
];

/** CommonJS as they come, and large: what needs no transform is loaded twice as fast the first time. */
const COMMONJS = [
  '@opentelemetry/api',
  'ajv',
  'bullmq',
  'class-transformer',
  'class-validator',
  'cron-parser',
  'es-toolkit',
  'fastify',
  'ioredis',
  'libphonenumber-js',
  'luxon',
  'pg',
  'prom-client',
  'rxjs/dist/cjs',
  'semver',
  'typescript',
  'typeorm',
  'validator/lib',
];

/** @type {import('jest').Config} */
const shared = {
  // One for all projects: what one has transformed, the others need not.
  id: 'rapport',
  runtime: '<rootDir>/test/support/jest/runtime.cjs',
  testEnvironment: 'node',
  transform: {
    '\\.tsx?$': swc({ syntax: 'typescript', decorators: true }),
    '\\.m?js$': swc({ syntax: 'ecmascript' }),
  },
  transformIgnorePatterns: [`/node_modules/(?:${COMMONJS.join('|')})/.*\\.js$`],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'mjs', 'cjs', 'json'],
  moduleNameMapper: {
    '^@rapport/(cache|redis)$': '<rootDir>/libs/$1/src/index.ts',
    '^@rapport/cache/testing$': '<rootDir>/libs/cache/src/testing/index.ts',
    // Only our own sources write './x.js' for './x.ts'; node_modules keep their real .js files.
    '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'],
  },
};

module.exports = {
  // A service that starts takes seconds, and on a busy machine many.
  testTimeout: 90_000,
  testSequencer: '<rootDir>/test/support/jest/sequencer.cjs',
  // Half of a test file's time is spent waiting for servers; every core can have one.
  maxWorkers: '100%',
  // A file that runs the whole service leaves hundreds of megabytes behind, and a full heap makes all after it slow.
  workerIdleMemoryLimit: '1GB',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{src,libs,apps,bench}/**/*.spec.ts'],
    },
    {
      ...shared,
      displayName: 'integration',
      globalSetup: '<rootDir>/test/support/global-setup.cjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.cjs',
      testMatch: ['<rootDir>/test/integration/**/*.spec.ts'],
    },
    {
      ...shared,
      displayName: 'e2e',
      globalSetup: '<rootDir>/test/support/global-setup.cjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.cjs',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'],
    },
    {
      ...shared,
      displayName: 'chaos',
      globalSetup: '<rootDir>/test/support/global-setup.cjs',
      globalTeardown: '<rootDir>/test/support/global-teardown.cjs',
      testMatch: ['<rootDir>/test/chaos/**/*.chaos-spec.ts'],
    },
  ],
};
