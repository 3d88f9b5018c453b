const { createRequire } = require('node:module');
const { relative } = require('node:path');

const fromJest = createRequire(createRequire(require.resolve('jest')).resolve('@jest/core'));
const Sequencer = fromJest('@jest/test-sequencer').default;

const SLOW = require('./slow-tests.json');
const USUAL_MS = 1_000;

/** Begins with what takes longest, also where nothing has run yet: what is long and comes last runs alone. */
module.exports = class SlowFirstSequencer extends Sequencer {
  time(test) {
    const path = relative(test.context.config.rootDir, test.path).replaceAll('\\', '/');
    return super.time(test) ?? (SLOW[path] ?? 0) * 1_000 + USUAL_MS;
  }

  // The projects share an id, for the sake of their transforms; how long tests took is each one's own.
  _getCachePath(context) {
    return `${super._getCachePath(context)}-${context.config.displayName?.name ?? ''}`;
  }
};
