/** Whether arrays and objects of a parsed document lie more than `levels` deep; in itself it needs no deep stack. */
export function isNestedDeeperThan(document: unknown, levels: number): boolean {
  let layer = containersIn([document]);
  for (let level = 1; layer.length > 0; level++) {
    if (level > levels) return true;
    layer = layer.flatMap((container) => containersIn(Object.values(container)));
  }
  return false;
}

const containersIn = (values: unknown[]): object[] =>
  values.filter((value): value is object => typeof value === 'object' && value !== null);
