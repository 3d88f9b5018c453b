import { isPublicAddress } from './public-address.js';

it.each([
  '127.0.0.1',
  '0.0.0.0',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  'fe80::1',
  'fec0::1',
  '4000::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  'not an address',
  '',
])('refuses %s', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

it.each(['1.1.1.1', '140.82.121.4', '::ffff:1.1.1.1', '64:ff9b::101:101', '2606:4700::1111'])(
  'takes %s',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);
