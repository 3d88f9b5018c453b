import { execFile, type ExecFileOptions } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { startRedis, type RedisServer } from '../../support/redis-server.js';

const execute = promisify(execFile);

/** What it printed; with a failure, that is its message. */
async function run(
  command: string,
  args: string[],
  options: ExecFileOptions,
): Promise<{ stdout: string; stderr: string }> {
  return execute(command, args, { ...options, encoding: 'utf8' }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${command} ${args.join(' ')}\n${error.stdout}${error.stderr}`);
    },
  );
}
const root = resolve('.');
const library = join(root, 'libs/cache');

interface Manifest {
  version: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

const manifestIn = (directory: string): Manifest =>
  JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;

/** The packages that npm would fetch for these, each with what it needs itself; from what is installed here. */
function installed(names: readonly string[], from = root, found = new Set<string>()): Set<string> {
  for (const name of names) {
    const directory = nearest(name, from);
    if (!directory || found.has(directory)) continue;
    found.add(directory);
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } =
      manifestIn(directory);
    const peers = Object.keys(peerDependencies ?? {}).filter(
      (peer) => !peerDependenciesMeta?.[peer]?.optional,
    );
    installed([...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers], directory, found);
  }
  return found;
}

/** Where Node would find a package from a directory; undefined for an optional one that is not here. */
function nearest(name: string, from: string): string | undefined {
  for (let at = from; at.startsWith(root); at = dirname(at)) {
    const directory = join(at, 'node_modules', name);
    if (existsSync(join(directory, 'package.json'))) return directory;
  }
  return undefined;
}

const APP = `
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cacheable, CacheEvict, CacheModule, CacheService, defineCache } from '@rapport/cache';
import { ChaosProxy } from '@rapport/cache/testing';
import { Redis } from 'ioredis';

interface Book { id: string; edition: number }
const bookById = defineCache<[id: string], Book>({ name: 'book', key: (id) => [id], ttl: '1h' });

@Injectable()
class Books {
  loads = 0;
  @Cacheable(bookById)
  async find(id: string): Promise<Book> {
    return { id, edition: ++this.loads };
  }
  @CacheEvict(bookById, (id: string) => [id])
  async change(_id: string): Promise<void> {}
}

const url = process.env.REDIS_URL;
const redis = url ? new Redis(url) : undefined;
@Module({ imports: [CacheModule.forRoot({ prefix: 'packed', redis })], providers: [Books] })
class App {}

const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'], abortOnError: false });
const books = app.get(Books);
// @ts-expect-error a key is a list of strings: the declarations are found and strict
void (() => app.get(CacheService).for(bookById).get([1]));
const editions = [await books.find('a'), await books.find('a')].map(({ edition }) => edition);
await books.change('a');
editions.push((await books.find('a')).edition);
const { mode } = app.get(CacheService).stats();
await app.close();
redis?.disconnect();
const proxy = await ChaosProxy.start({ port: 1 });
await proxy.close();
console.log(JSON.stringify({ mode, editions, kit: typeof proxy.port }));
`;

const SETTINGS = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    outDir: 'dist',
    rootDir: 'src',
    types: ['node'],
  },
  include: ['src'],
};

/**
 * What a user does: `npm install` of the tarball into an empty project with Nest 12, strict compilation, `node`. The
 * registry is played by copies of what is installed here: they lie in the project's node_modules before, and npm, told
 * to stay offline, accepts them only if they satisfy every range that the package's manifest states.
 */
describe('the package @rapport/cache', () => {
  let directory: string;
  let project: string;
  let tarball: string;
  let files: string[];
  let redis: RedisServer;
  const npm = (args: string[], cwd: string): ReturnType<typeof run> =>
    run('npm', [...args, '--offline', '--no-audit', '--no-fund', '--no-update-notifier'], { cwd });

  beforeAll(async () => {
    redis = await startRedis();
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'rapport-package-')));
    // Packing builds; this repository runs no scripts of what it installs, and npm hands that down to its children.
    const pack = ['pack', '--json', '--ignore-scripts=false', '--pack-destination', directory];
    const { stdout } = await npm(pack, library);
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    tarball = join(directory, packed.filename);
    files = packed.files.map(({ path }) => path);

    project = join(directory, 'project');
    mkdirSync(join(project, 'src'), { recursive: true });
    const own = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', 'ioredis', '@types/node'];
    const range = (name: string): string => `^${manifestIn(join(root, 'node_modules', name)).version}`;
    const write = (name: string, content: unknown): void =>
      writeFileSync(join(project, name), JSON.stringify(content));
    write('package.json', {
      name: 'empty',
      private: true,
      type: 'module',
      dependencies: Object.fromEntries(own.map((name) => [name, range(name)])),
    });
    write('tsconfig.json', SETTINGS);
    writeFileSync(join(project, 'src/main.ts'), APP);
    const { dependencies = {}, peerDependencies = {} } = manifestIn(library);
    for (const from of installed([...own, ...Object.keys({ ...dependencies, ...peerDependencies })])) {
      cpSync(from, join(project, from.slice(root.length)), { recursive: true });
    }
  }, 180_000);

  afterAll(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('holds the built library, its licence and its manual, and nothing else', () => {
    const outside = files.filter((file) => !file.startsWith('dist/'));
    expect(outside.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(readFileSync(join(library, 'LICENSE'), 'utf8')).toBe(readFileSync(join(root, 'LICENSE'), 'utf8'));
    expect(files.filter((file) => !/^dist\/.*\.(?:js|d\.ts)$/.test(file)).sort()).toEqual(outside);
    expect(files.filter((file) => /\.spec\./.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['dist/index.js', 'dist/testing/index.d.ts']));
  });

  it('installs into an empty Nest 12 project, compiles strictly and caches, with Redis and without', async () => {
    await npm(['install', tarball, '--ignore-scripts'], project);
    // Fails on a dependency that is missing or outside of the range the package states.
    await npm(['ls', '@rapport/cache'], project);

    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], {
      cwd: project,
    });

    const start = async (env: Record<string, string>): Promise<unknown> => {
      const { stdout, stderr } = await run(process.execPath, ['dist/main.js'], {
        cwd: project,
        env: { PATH: process.env.PATH, ...env },
      });
      expect(stderr).toBe('');
      return JSON.parse(stdout);
    };
    expect(await start({})).toEqual({ mode: 'memory', editions: [1, 1, 2], kit: 'number' });
    expect(await start({ REDIS_URL: redis.url })).toEqual({
      mode: 'redis',
      editions: [1, 1, 2],
      kit: 'number',
    });
  }, 180_000);
});
