import { readFileSync } from 'node:fs';

/** Ends the process with one clear message when this Node.js is older than package.json asks for. */
export function requireNodeVersion() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const [major, minor] = process.versions.node.split('.').map(Number);
  const satisfied = engines.node.split('||').some((range) => {
    const [, operator, wantedMajor, wantedMinor] = /(\^|>=)(\d+)\.(\d+)/.exec(range);
    const sameMajor = major === Number(wantedMajor) && minor >= Number(wantedMinor);
    return operator === '^' ? sameMajor : sameMajor || major > Number(wantedMajor);
  });
  if (satisfied) return;
  console.error(
    `Rapport needs Node.js ${engines.node}; this is ${process.versions.node}.\n` +
      'Install a supported version (for instance "nvm install 24") and run the command again.',
  );
  process.exit(1);
}
