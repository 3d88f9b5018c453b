import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key and a certificate for 127.0.0.1 that is its own authority, both PEM. */
export interface SelfSigned {
  key: string;
  cert: string;
}

/** One DER element: its tag, its length, its content. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const size = body.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: Buffer[]): Buffer => der(0x30, ...content);
const bytes = (...values: number[]): Buffer => Buffer.from(values);
const oid = (...values: number[]): Buffer => der(0x06, bytes(...values));

const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const NAME = sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from('rapport tests')))));
/** Subject alternative name: the IP address 127.0.0.1. */
const FOR_LOOPBACK = sequence(oid(0x55, 0x1d, 0x11), der(0x04, sequence(der(0x87, bytes(127, 0, 0, 1)))));
const IS_AUTHORITY = sequence(oid(0x55, 0x1d, 0x13), der(0x04, sequence(der(0x01, bytes(0xff)))));

/** Made by hand (X.509 v3, RFC 5280), so that no test needs a program or a file that expires. */
export function selfSigned(): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const at = (offsetMs: number): Buffer => {
    const text = new Date(Date.now() + offsetMs).toISOString().replace(/[-:T]|\.\d+/g, '');
    return der(0x17, Buffer.from(text.slice(2)));
  };
  const day = 86_400_000;
  const toBeSigned = sequence(
    der(0xa0, der(0x02, bytes(2))),
    der(0x02, Buffer.concat([bytes(1), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    NAME,
    sequence(at(-day), at(day)),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(FOR_LOOPBACK, IS_AUTHORITY)),
  );
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signature = sign('sha256', toBeSigned, createPrivateKey(key));
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, der(0x03, bytes(0), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  return { key, cert };
}
