import { attachment } from './attachment.js';

it('a name keeps its letters where they can be said', () => {
  expect(attachment('Zoë.png')).toBe(`attachment; filename="Zoe.png"; filename*=UTF-8''Zo%C3%AB.png`);
});

it.each([
  ['a"b/c\\d', 'a_b_c_d'],
  ['wide \uff02 and \uff0f and \uff3c', 'wide _ and _ and _'],
  ['a\uff02; filename=\uff02evil.exe', 'a__ filename=_evil.exe'],
  ['one letter: \u2100', 'one letter_ a_c'],
])('%j ends no name and leads out of no folder', (fileName, plain) => {
  expect(attachment(fileName)).toContain(`filename="${plain}";`);
});
