import type { Spread } from './measure.js';
import type { CaseResult, Cell, Machine, Row, Unit } from './result.js';

/** Three digits are all that such figures carry. */
const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();

function scaled(value: number, units: readonly [number, string][]): string {
  const [size, unit] = units.find(([size]) => Math.abs(value) >= size) ?? units.at(-1)!;
  return `${digits(value / size)} ${unit}`;
}

const WRITE: Record<Unit, (value: number) => string> = {
  time: (value) =>
    scaled(value, [
      [1e9, 's'],
      [1e6, 'ms'],
      [1e3, 'µs'],
      [1, 'ns'],
    ]),
  memory: (value) =>
    scaled(value, [
      [2 ** 20, 'MiB'],
      [2 ** 10, 'KiB'],
    ]),
  rate: (value) => Math.round(value).toLocaleString('en'),
  ratio: (value) => value.toFixed(2),
  count: (value) => Math.round(value).toLocaleString('en'),
  text: String,
};

const isSpread = (cell: Cell | undefined): cell is Spread => typeof cell === 'object' && cell !== null;

/** A cell as text: `–` for what a library has not, the median with p10 and p90 behind it where there are samples. */
export function formatCell(cell: Cell | undefined, unit: Unit): string {
  if (cell === null || cell === undefined) return '–';
  if (typeof cell === 'string') return cell;
  const write = WRITE[unit];
  return isSpread(cell) ? `${write(cell.median)} (${write(cell.p10)} – ${write(cell.p90)})` : write(cell);
}

const verdict = ({ met }: Row): string => (met === undefined ? '' : met ? 'yes' : 'no');

/** Header and rows, all of them text. */
function cellsOf({ columns, rows, bar }: CaseResult): string[][] {
  const header = ['', ...columns.map(({ title }) => title), ...(bar ? ['bar'] : [])];
  return [
    header,
    ...rows.map((row) => [
      row.name,
      ...columns.map(({ key, unit }) => formatCell(row.cells[key], unit)),
      ...(bar ? [verdict(row)] : []),
    ]),
  ];
}

/** For the terminal. */
export function plainTable(result: CaseResult): string {
  const lines = cellsOf(result);
  const widths = lines[0]!.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const body = lines.map((line) =>
    line
      .map((text, at) => text.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  );
  const notes = (result.notes ?? []).map((note) => `  ${note}`);
  return [
    `${result.title} (${result.name})`,
    ...(result.bar ? [`  bar: ${result.bar}`] : []),
    ...body.map((line) => `  ${line}`),
    ...notes,
  ].join('\n');
}

/** One section of docs/benchmarks.md. */
export function markdownSection(result: CaseResult, machine: Machine): string {
  const [header, ...rows] = cellsOf(result) as [string[], ...string[][]];
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  return [
    `## ${result.title}`,
    `${result.how}${result.bar ? ` Bar: ${result.bar}.` : ''}`,
    [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n'),
    ...(result.notes?.length ? [result.notes.map((note) => `- ${note}`).join('\n')] : []),
    `${machine.date}, ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, Redis ${machine.redis}: \`npm run bench -- ${result.name}\``,
  ].join('\n\n');
}
