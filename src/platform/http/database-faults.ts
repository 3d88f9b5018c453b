// SQLSTATE classes and codes that say "not now" rather than "not like this": connection (08), resources (53), shutdown
// (57P01-57P03), statement timeout (57014), and serialization faults that outlived the retries (40001, 40P01).
const UNAVAILABLE_STATE = /^(?:08...|53...|57P0[1-3]|57014|40001|40P01)$/;
const UNAVAILABLE_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const UNAVAILABLE_MESSAGE =
  /^(?:timeout exceeded when trying to connect|Connection terminated|Query read timeout)/;

/** Character not in repertoire, untranslatable character: what PostgreSQL says to text that has U+0000. */
const UNSTORABLE_TEXT = new Set(['22021', '22P05']);

/** Whether PostgreSQL refused a parameter because no text of its can hold it. */
export function isUnstorableText(error: unknown): boolean {
  return error instanceof Error && UNSTORABLE_TEXT.has(stateOf(error));
}

/** Whether the database refused a row of a closed account; the state is its trigger's. */
export function isOfClosedAccount(error: unknown): boolean {
  return error instanceof Error && stateOf(error) === 'RP001';
}

/** Whether an error of TypeORM or its driver means that the database cannot be reached or is overloaded. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const fromDatabase = 'driverError' in error || 'severity' in error;
  const code = stateOf(error);
  if (UNAVAILABLE_MESSAGE.test(sourceOf(error).message)) return true;
  return fromDatabase && (UNAVAILABLE_STATE.test(code) || UNAVAILABLE_SYSTEM.has(code));
}

const sourceOf = (error: Error): Error =>
  'driverError' in error && error.driverError instanceof Error ? error.driverError : error;

function stateOf(error: Error): string {
  const source = sourceOf(error);
  return 'code' in source && typeof source.code === 'string' ? source.code : '';
}
