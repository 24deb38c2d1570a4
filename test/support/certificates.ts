import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const openssl = promisify(execFile);
const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

export interface Certificates {
  /** PEM of the authority. */
  readonly ca: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Puts a new key and a new certificate of the same authority into the files. */
  renew(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * An authority made for this run, and a certificate of it for this machine, which has ended where its days are
 * fewer than none. Nothing of it outlives the test.
 */
export async function makeCertificates(
  names = 'DNS:localhost,IP:127.0.0.1',
  days = 2,
): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'vestibule-tls-'));
  const at = (name: string): string => join(directory, name);
  const run = async (words: string): Promise<void> => {
    await openssl('openssl', words.split(' '), { cwd: directory });
  };
  await writeFile(at('names'), `subjectAltName=${names}\n`);
  await run(`req -x509 ${NEW_KEY} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem`);
  const renew = async (): Promise<void> => {
    await run(`req ${NEW_KEY} -subj /CN=redis -keyout redis.key -out redis.csr`);
    await run(
      `x509 -req -in redis.csr -days ${days} -extfile names -CA ca.pem -CAkey ca.key -CAcreateserial -out redis.pem`,
    );
  };
  await renew();
  return {
    ca: await readFile(at('ca.pem'), 'utf8'),
    caFile: at('ca.pem'),
    certFile: at('redis.pem'),
    keyFile: at('redis.key'),
    renew,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
