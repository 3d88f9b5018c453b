import { assert, property, string } from 'fast-check';
import { foldIdentifier } from '../platform/text/fold-identifier.js';
import { skeletonOf, usernameSuggestions, usernameViolations } from './users.rules.js';

const codes = (username: string) => usernameViolations(username).map(({ code }) => code);

describe('usernames', () => {
  it('are one name in any case, width and padding', () => {
    expect(foldIdentifier('  ＡliceＢ ')).toBe('aliceb');
    expect(foldIdentifier('ALICEB')).toBe('aliceb');
    // Lower-casing can leave a form that NFKC would fold further.
    expect(foldIdentifier('İ')).toBe(foldIdentifier('İ').normalize('NFKC'));
  });

  it.each(['abc', 'a.b', 'a-b_c.d', '123', 'ali', 'user1', 'a'.repeat(30)])('accept %s', (username) => {
    expect(codes(username)).toEqual([]);
  });

  it.each([
    ['', ['too-short']],
    ['ab', ['too-short']],
    ['a'.repeat(31), ['too-long']],
    ['-abc', ['charset']],
    ['abc.', ['charset']],
    ['a b c', ['charset']],
    ['émile', ['charset']],
    ['admin', ['reserved']],
    ['ＡＤＭＩＮ', ['reserved']],
    ['me', ['too-short', 'reserved']],
    ['adm1n', ['confusable']],
    ['a.d-m_i.n', ['confusable']],
    ['rnod', ['confusable']],
    ['аlice', ['charset', 'confusable']], // Cyrillic а
  ])('refuse %j with %j', (username, expected) => {
    expect(codes(username)).toEqual(expected);
  });

  it('that look alike have one skeleton', () => {
    expect(skeletonOf('cl1ve')).toBe(skeletonOf('clive'));
    expect(skeletonOf('vvarner')).toBe(skeletonOf('wamer'));
    expect(skeletonOf('alice')).not.toBe(skeletonOf('alicia'));
  });

  it('never lose or gain acceptance by being normalised', () => {
    assert(
      property(string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const normalized = foldIdentifier(text);
        expect(foldIdentifier(normalized)).toBe(normalized);
        expect(codes(normalized)).toEqual(codes(text));
      }),
    );
  });
});

describe('suggestions', () => {
  it('are the same for the same wish, usable, distinct, and not the wish', () => {
    assert(
      property(string({ unit: 'grapheme', maxLength: 60 }), (wish) => {
        const suggestions = usernameSuggestions(wish);
        expect(suggestions).toEqual(usernameSuggestions(wish));
        expect(suggestions.length).toBeGreaterThanOrEqual(3);
        expect(new Set(suggestions).size).toBe(suggestions.length);
        expect(suggestions).not.toContain(foldIdentifier(wish));
        expect(suggestions.flatMap(codes)).toEqual([]);
      }),
    );
  });

  it('stay close to the wish', () => {
    expect(usernameSuggestions('Alice', 3)).toEqual(['alice.chats', 'the.alice', 'alice2']);
  });
});

it('an email address is one address in any case and width', () => {
  expect(foldIdentifier(' Ａnn@Example.ORG ')).toBe('ann@example.org');
});
