// `npm run tokens:rotate`: builds what is stale, then seals stored tokens anew. In an image: node dist/src/rotate-tokens.js
import { requireNodeVersion } from './node-version.mjs';

requireNodeVersion();
const { buildIfStale } = await import('./build.mjs');
try {
  buildIfStale();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../dist/src/rotate-tokens.js');
