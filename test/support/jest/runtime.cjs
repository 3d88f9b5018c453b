const { statSync } = require('node:fs');
const { createRequire } = require('node:module');
const { Script } = require('node:vm');

const fromJest = createRequire(createRequire(require.resolve('jest')).resolve('@jest/core'));
const Runtime = fromJest('jest-runtime').default;

const PACKAGES = /[\\/]node_modules[\\/]/;
/** V8 forgets who resolves the dynamic imports of a script that comes from cached code. */
const DYNAMIC_IMPORT = /\bimport\s*\(/;
/** One instance of these serves all test files of a worker: the compiled database alone takes longer than most tests. */
const OUTSIDE = new Set(['@electric-sql/pglite']);

/** What this worker knows of files, for all its test files and projects: those transform and resolve alike. */
const transforms = new Map();
const resolutions = new Map();
const scripts = new Map();

/**
 * Jest's module loader without the work that each test file repeats. Every test file gets its own copy of each module,
 * as always; but a file is read, transformed, looked for and compiled once in a worker, not once for each of them.
 */
module.exports = class SharedWorkRuntime extends Runtime {
  /** Scripts that ran for the first time in this test file. */
  #fresh = [];

  constructor(config, environment, resolver, transformer, cacheFS, coverageOptions, testPath, globalConfig) {
    super(config, environment, resolver, transformer, cacheFS, coverageOptions, testPath, globalConfig);
    this.#loadOutside(this.esmLoader);
    if (coverageOptions.collectCoverage) return;
    this.#shareTransforms(this.transformCache);
    this.#shareResolutions(this._resolution);
    this.#shareScripts(this.executor, environment);
    this.#shareJestObjects(this.jestGlobals);
  }

  teardown() {
    // Now that they have run, this includes the functions that were called.
    for (const known of this.#fresh) {
      known.cachedData = known.script.createCachedData();
      known.script = undefined;
    }
    this.#fresh = [];
    super.teardown();
  }

  #loadOutside(loader) {
    const load = loader.dynamicImportFromCjs.bind(loader);
    loader.dynamicImportFromCjs = (specifier, ...rest) =>
      OUTSIDE.has(specifier) ? import(specifier) : load(specifier, ...rest);
  }

  #shareTransforms(cache) {
    const transform = cache.transform.bind(cache);
    cache.transform = (filename, options) => {
      // The same file can be wanted as CommonJS and, by a dynamic import, as an ES module.
      const { isInternalModule = false, supportsStaticESM = false } = options ?? {};
      const key = `${isInternalModule} ${supportsStaticESM} ${filename}`;
      // In watch mode our files change; packages do not.
      const changed = PACKAGES.test(filename) ? 0 : statSync(filename).mtimeMs;
      const known = transforms.get(key);
      if (known?.changed === changed) {
        if (known.transformed) cache.transforms.set(filename, known.transformed);
        if (known.mapPath) cache.sourceMaps.set(filename, known.mapPath);
        return known.code;
      }
      const code = transform(filename, options);
      const transformed = cache.transforms.get(filename);
      transforms.set(key, { changed, code, transformed, mapPath: cache.sourceMaps.get(filename) });
      return code;
    };
  }

  #shareResolutions(resolution) {
    for (const method of ['resolveCjs', 'getCjsMockModule']) {
      const find = resolution[method].bind(resolution);
      resolution[method] = (from, name) => {
        if (!PACKAGES.test(from)) return find(from, name);
        const key = `${method} ${from} ${name}`;
        let found = resolutions.get(key);
        if (found === undefined) {
          found = find(from, name);
          resolutions.set(key, found);
        }
        return found;
      };
    }
  }

  #shareScripts(executor, environment) {
    const compile = executor.compile.bind(executor);
    const head = `(function (${executor.injectedModuleParameters.join(', ')}) {`;
    executor.compile = (source, filename) => {
      const context = environment.getVmContext();
      let known = scripts.get(filename);
      if (known?.source !== source) {
        known = { source, isShared: !DYNAMIC_IMPORT.test(source), script: undefined, cachedData: undefined };
        scripts.set(filename, known);
      }
      if (!known.isShared || context === null) return compile(source, filename);
      let script;
      try {
        const { cachedData } = known;
        script = new Script(`${head}${source}\n})`, { filename, columnOffset: -head.length, cachedData });
      } catch {
        // Jest says what is wrong with it, or loads it as the ES module that it is.
        known.isShared = false;
        return compile(source, filename);
      }
      if (!known.cachedData && !known.script) {
        known.script = script;
        this.#fresh.push(known);
      }
      return script.runInContext(context);
    };
  }

  /** Packages do not ask for theirs. */
  #shareJestObjects(globals) {
    const jestObjectFor = globals.jestObjectFor.bind(globals);
    let ofPackages;
    globals.jestObjectFor = (filename) =>
      PACKAGES.test(filename) ? (ofPackages ??= jestObjectFor(filename)) : jestObjectFor(filename);
  }
};
