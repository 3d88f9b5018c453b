const { once } = require('node:events');

/** Hanging up tells the guard to stop the run's servers; it ends when they have. */
module.exports = async () => {
  const guard = globalThis.__rapportGuard;
  if (!guard) return;
  globalThis.__rapportGuard = undefined;
  guard.ref();
  const ended = once(guard, 'exit');
  guard.disconnect();
  await ended;
};
