import { readFileSync } from 'node:fs';
import type { SignatureInput } from '../../../src/connectors/signature/signature.types.js';
import { SoulSignatureReading } from '../../../src/connectors/signature/soul-signature.js';

type Written = Omit<SignatureInput, 'at'> & { at?: string };

const page = readFileSync('docs/soul-signature.md', 'utf8');
const [inputs, result] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text]) => JSON.parse(text!) as unknown,
);

test('the example of the page comes out as it says', () => {
  const reading = new SoulSignatureReading();
  reading.add((inputs as Written[]).map(({ at, ...one }) => ({ ...one, at: at ? new Date(at) : undefined })));
  const { dimensions, clusters } = reading.signature();
  expect({ dimensions, clusters }).toEqual(result);
});

test('every trait has its formula', () => {
  const explained = [...page.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
  const names = (result as { dimensions: { name: string }[] }).dimensions.map(({ name }) => name);
  expect(explained).toEqual(expect.arrayContaining(names));
  expect(names).toHaveLength(7);
});
