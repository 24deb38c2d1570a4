import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** One certificate or several, PEM (RFC 7468 §5). No secret, but like one it comes from a file and is never shown. */
export const certificates: ValueType<string> = valueType({
  label: 'one certificate or several in PEM',
  remedy: 'give the whole certificate, from BEGIN CERTIFICATE to END CERTIFICATE',
  secret: true,
  input: z.string(),
  judge: (given): Judged<string> => {
    const blocks = given.match(BLOCK) ?? [];
    if (blocks.length === 0) return refuse('holds no certificate in PEM');
    if (given.includes('PRIVATE KEY')) {
      return refuse('holds a private key', 'give the certificates alone');
    }
    return blocks.every(isCertificate)
      ? accept(blocks.join('\n'))
      : refuse('holds a certificate that cannot be read');
  },
});

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== null;
  } catch {
    return false;
  }
}
