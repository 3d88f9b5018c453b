/** Files, connections and the like that a process has open besides the sockets that are counted. */
const OTHERS = 500;

interface Limits {
  readonly userLimits: { readonly open_files: { readonly hard: number | string } };
}

/** @throws when a process may not have so many sockets; Node raises its own limit as far as it may */
export function assertOpenFiles(sockets: number): void {
  const { hard } = (process.report.getReport() as Limits).userLimits.open_files;
  const needed = sockets + OTHERS;
  if (typeof hard === 'string' || hard >= needed) return;
  throw new Error(
    `This case needs ${needed} open files in a process, and ${hard} are allowed; raise it: ulimit -Hn ${needed}`,
  );
}
