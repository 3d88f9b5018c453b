import { plainText, textRuns } from './text-runs.js';

const said = (text: string) => ({ text, action: false });
const done = (text: string) => ({ text, action: true });

it.each([
  ['*nods* Of course. *smiles*', [done('nods'), said(' Of course. '), done('smiles')]],
  ['Hello', [said('Hello')]],
  ['2 * 3 is six', [said('2 * 3 is six')]],
  ['*opens the do', [said('*opens the do')]],
  ['**', [said('**')]],
  ['', []],
])('tells what is done from what is said in %p', (text, runs) => {
  expect(textRuns(text)).toEqual(runs);
});

it('leaves the asterisks out of a preview', () => {
  expect(plainText('*nods* Of course.')).toBe('nods Of course.');
});
