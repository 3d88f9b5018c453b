import { allowedReturnUrl } from './return-urls.js';

const ALLOWED = ['https://app.example.com/settings', 'http://localhost:5173'];

it.each([
  ['https://app.example.com/settings', 'https://app.example.com/settings'],
  [
    'https://app.example.com/settings/platforms?tab=1#a',
    'https://app.example.com/settings/platforms?tab=1#a',
  ],
  ['HTTPS://APP.example.com:443/settings/', 'https://app.example.com/settings/'],
  ['http://localhost:5173/anything', 'http://localhost:5173/anything'],
])('sends people back to %s', (given, read) => {
  expect(allowedReturnUrl(given, ALLOWED)).toBe(read);
});

it.each([
  'https://app.example.com/',
  'https://app.example.com/settings-of-others',
  'https://app.example.com/settings/../admin',
  'https://app.example.com/settings/%2e%2e/admin',
  'https://app.example.com\\@evil.example/settings',
  'https://app.example.com@evil.example/settings',
  'https://user:password@app.example.com/settings',
  'https://app.example.com.evil.example/settings',
  'http://app.example.com/settings',
  'http://localhost:51730/',
  '//app.example.com/settings',
  '/settings',
  'javascript:alert(1)',
  'data:text/html,hello',
  '',
])('does not send people to %s', (given) => {
  expect(allowedReturnUrl(given, ALLOWED)).toBeUndefined();
});
