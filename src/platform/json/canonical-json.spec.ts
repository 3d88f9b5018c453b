import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';

describe('canonicalJson', () => {
  it('is the same for the same document however its members are ordered', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
  });

  it('says what the document says, and differs when it differs', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (a, b) => {
        const same = JSON.parse(JSON.stringify(a)) as unknown;
        expect(JSON.parse(canonicalJson(a))).toEqual(same);
        expect(canonicalJson(same)).toBe(canonicalJson(a));
        if (canonicalJson(a) === canonicalJson(b)) expect(JSON.parse(JSON.stringify(b))).toEqual(same);
      }),
    );
  });
});
