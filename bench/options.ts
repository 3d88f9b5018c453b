import { parseArgs } from 'node:util';
import type { BenchCase } from './bench-case.js';
import { cases } from './cases/index.js';
import type { Contender } from './contenders/contender.js';
import { contenderNamed, contenders } from './contenders/index.js';

export interface Options {
  readonly cases: readonly BenchCase[];
  readonly contenders: readonly Contender[];
  readonly quick: boolean;
  /** Where the report goes as JSON. */
  readonly json?: string;
  /** Where the tables go. */
  readonly markdown?: string;
}

const USAGE = `npm run bench -- [case ...] [--only library,library] [--quick] [--json file] [--markdown [file]]

cases: ${cases.map(({ name }) => name).join(', ')}
libraries: ${contenders.map(({ name }) => name).join(', ')}`;

/** @throws when a case or library is not known, with what there is */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: withDefaultFile(args),
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
    },
  });
  const unknown = positionals.filter((name) => !cases.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`There is no case "${unknown.join('", "')}".\n\n${USAGE}`);
  return {
    cases: positionals.length > 0 ? cases.filter(({ name }) => positionals.includes(name)) : cases,
    contenders: values.only ? values.only.split(',').map(contenderNamed) : contenders,
    quick: values.quick,
    json: values.json,
    markdown: values.markdown,
  };
}

/** `--markdown` alone means the document of the project. */
function withDefaultFile(args: readonly string[]): string[] {
  return args.flatMap((arg, at) => {
    const named = args[at + 1]?.endsWith('.md') ?? false;
    return arg === '--markdown' && !named ? ['--markdown', 'docs/benchmarks.md'] : [arg];
  });
}
