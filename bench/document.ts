import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { markdownSection } from './format.js';
import type { Report } from './result.js';
import { withSections } from './sections.js';

const VERSIONS = 'versions';

const EMPTY = `# Benchmarks

What is compared, how it is measured and how to read it: [bench/README.md](../bench/README.md). Each cell is the median, with
p10 and p90 behind it; each ratio is that of samples taken side by side. "–" means that a library has no such feature.
`;

/** Writes the tables of a run into a Markdown file, which is made when there is none. */
export async function writeDocument(file: string, { machine, cases }: Report): Promise<void> {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const sections = new Map([
    [VERSIONS, `Compared: ${versions.join(', ')}.`],
    ...cases.map((result): [string, string] => [result.name, markdownSection(result, machine)]),
  ]);
  const text = withSections(existsSync(file) ? readFileSync(file, 'utf8') : EMPTY, sections);
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }));
}
