import { readFile } from 'node:fs/promises';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { errorCodeOf } from '../support/html-page.js';
import type { FrontTls } from '../support/op-front.js';
import { Stage } from '../support/stage.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function certificates(names?: string, days?: number): Promise<Certificates> {
  const made = await makeCertificates(names, days);
  cleanups.push(() => made.remove());
  return made;
}

async function tlsOf({ certFile, keyFile, ca }: Certificates): Promise<FrontTls> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { cert, key, clientCa: ca };
}

const CASES = [
  ['has ended', 'CERT_HAS_EXPIRED', () => certificates(undefined, -1)],
  ['names another host', 'ERR_TLS_CERT_ALTNAME_INVALID', () => certificates('IP:127.0.0.2')],
] as const;

describe('a provider whose certificate', () => {
  it.each(CASES)(
    '%s is told nothing, and the log says so: %s (R-49)',
    async (_what, code, make) => {
      const bad = await make();
      await using stage = await Stage.open({
        op: { tls: await tlsOf(bad) },
        env: { OIDC_CA: bad.ca },
      });
      const page = await stage.startLogin(stage.person());
      expect([page.status, errorCodeOf(page.body)]).toEqual([503, 'provider_unreachable']);
      expect(stage.op.calls).toEqual([]);
      expect(stage.bff.logged('provider.discovery_failed')[0]).toMatchObject({
        level: 'warn',
        cause: `TypeError ${code}`,
      });
    },
  );
});
