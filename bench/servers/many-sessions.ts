/**
 * The built product in this process, with as many live sessions as SESSIONS says, made by its own services (that many
 * logins at a provider would take an hour). Tells the parent what they took, and ends when it is told to.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { dist } from './dist.ts';

const SESSIONS = Number(process.env['SESSIONS']);
const AT_ONCE = 200;
const SETTLE_MS = 2_000;
/** As long as those of the demo's provider: JWTs of 600 to 900 characters. */
const ACCESS_TOKEN = 'a'.repeat(900);
const ID_TOKEN = 'i'.repeat(800);

const { loadConfig } = await dist.loadConfig();
const { startVestibule } = await dist.vestibule();
const { SessionRecords } = await dist.sessionRecords();

const loaded = loadConfig(
  process.env,
  () => '',
  () => false,
);
if (loaded.kind === 'problems') throw new Error(JSON.stringify(loaded.problems));
const product = await startVestibule(loaded.config);
const records = product.application.get(SessionRecords);

async function memoryMib(): Promise<number> {
  await delay(SETTLE_MS);
  globalThis.gc?.();
  await delay(SETTLE_MS);
  return process.memoryUsage().rss / 2 ** 20;
}

async function create(at: number): Promise<string> {
  const id = randomBytes(32).toString('base64url');
  const subject = `user-${at}`;
  const now = Date.now();
  await records.create(id, {
    identity: {
      provider: 'generic',
      issuer: 'https://login.example.com',
      subject,
      providerSessionId: `sid-${at}`,
      claims: { name: `User ${at}`, email: `${subject}@example.com`, groups: ['staff', 'readers'] },
    },
    tokens: {
      accessToken: ACCESS_TOKEN,
      tokenType: 'Bearer',
      refreshToken: randomBytes(32).toString('base64url'),
      idToken: ID_TOKEN,
      obtainedAt: now,
      accessTokenExpiresAt: now + 3_600_000,
    },
    client: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0',
  });
  return id;
}

const before = await memoryMib();
const started = performance.now();
const sample: string[] = [];
for (let at = 0; at < SESSIONS; at += AT_ONCE) {
  const made = await Promise.all(Array.from({ length: AT_ONCE }, (_, one) => create(at + one)));
  sample.push(...made.slice(0, 1));
}
const seconds = (performance.now() - started) / 1000;
const after = await memoryMib();
let live = 0;
for (const id of sample) if ((await records.read(id, { touch: false })).kind === 'live') live += 1;
process.send?.({ before, after, seconds, live: live / sample.length });
process.once('message', () => void product.stop().then(() => process.exit(0)));
