import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from './environment.js';

describe('readEnvironment', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rapport-environment-'));
  });
  afterEach(() => {
    delete process.env['RAPPORT_SPEC_REAL'];
    rmSync(directory, { recursive: true });
  });

  it('puts real variables over those of the file', () => {
    const file = join(directory, '.env');
    writeFileSync(file, '# comment\nRAPPORT_SPEC_REAL=file\nRAPPORT_SPEC_FILE="two words"\n');
    process.env['RAPPORT_SPEC_REAL'] = 'real';
    expect(readEnvironment(file)).toMatchObject({
      RAPPORT_SPEC_REAL: 'real',
      RAPPORT_SPEC_FILE: 'two words',
    });
  });

  it('does not need the file', () => {
    expect(() => readEnvironment(join(directory, '.env'))).not.toThrow();
  });

  it('says so when there is a file that it cannot read', () => {
    expect(() => readEnvironment(directory)).toThrow('cannot be read');
  });
});
