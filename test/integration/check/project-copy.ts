import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = process.cwd();
const CONFIGURATION = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'jest.config.cjs',
  'knip.json',
  '.dependency-cruiser.cjs',
  '.jscpd.json',
  '.oxlintrc.json',
  '.prettierrc.json',
];

/** A project with this one's rules and packages and none of its sources, to plant faults in. */
export class ProjectCopy {
  readonly directory = mkdtempSync(join(tmpdir(), 'rapport-check-'));

  constructor(files: Record<string, string>) {
    for (const name of CONFIGURATION) cpSync(join(ROOT, name), join(this.directory, name));
    symlinkSync(join(ROOT, 'node_modules'), join(this.directory, 'node_modules'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, name)), { recursive: true });
      writeFileSync(join(this.directory, name), text);
    }
  }

  run(tool: string, ...args: string[]): { status: number | null; output: string } {
    const { status, stdout, stderr, error } = spawnSync(join(ROOT, 'node_modules', '.bin', tool), args, {
      cwd: this.directory,
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, NO_COLOR: '1' },
    });
    if (error) throw error;
    return { status, output: stdout + stderr };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
