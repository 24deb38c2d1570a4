import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as fc from 'fast-check';
import { createIdentityGuard, identityOf } from '../../../src/guard/identity-guard.js';
import { must } from '../expectations.js';
import { slowTarget, type FuzzTarget } from '../fuzz-target.js';
import { changedObject } from '../inputs/json-values.js';
import { changed } from '../inputs/texts.js';
import { forged, PUBLIC_JWK } from '../inputs/tokens.js';

const ISSUER = 'https://app.example.com';
const PUBLISHED = { keys: [PUBLIC_JWK] };
const OTHER_KEYS = {
  keys: [
    [],
    [{ ...PUBLIC_JWK, kid: 'k2' }],
    [PUBLIC_JWK, { ...PUBLIC_JWK, kid: 'k2' }],
    [PUBLIC_JWK, PUBLIC_JWK],
    [{ ...PUBLIC_JWK, x: 'A' }],
    [{ ...PUBLIC_JWK, crv: 'X25519' }],
    [null],
    {},
  ],
};
const good = JSON.stringify(PUBLISHED);
const round = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 404, 500),
  body: fc.oneof(
    { weight: 2, arbitrary: fc.constant(good) },
    {
      weight: 2,
      arbitrary: changedObject(PUBLISHED, OTHER_KEYS).map((set) => JSON.stringify(set)),
    },
    { weight: 1, arbitrary: changed([good, '', '[]', 'null'], 1) },
  ),
  kid: fc.constantFrom('k1', 'k1', 'k2', null),
  typ: fc.constantFrom('identity+jwt', 'identity+jwt', 'JWT'),
});
type Round = typeof round extends fc.Arbitrary<infer T> ? T : never;

let answer: Pick<Round, 'status' | 'body'> = { status: 200, body: good };
const publishing = createServer((_req, res) => {
  res.setHeader('connection', 'close');
  res.statusCode = answer.status;
  res.end(answer.status === 204 ? undefined : answer.body);
});
let jwksUri: string;
beforeAll(async () => {
  publishing.listen(0, '127.0.0.1');
  await once(publishing, 'listening');
  const { port } = publishing.address() as { readonly port: number };
  jwksUri = `http://127.0.0.1:${port}/`;
});
afterAll(() => publishing.close());

/** An assertion as Vestibule makes it. */
function assertionOf({ kid, typ }: Round): string {
  const now = Math.floor(Date.now() / 1_000);
  const times = { iat: now, exp: now + 60 };
  const about = { sub: 'user-1', sid: 's', provider: 'one', idp_iss: 'https://one.example' };
  return forged({
    header: { alg: 'EdDSA', typ, ...(kid !== null && { kid }) },
    claims: { iss: ISSUER, aud: 'api', ...about, ...times },
    signer: 'provider',
    text: '{}',
  });
}

/** Base64 is read over what is none of its letters; the last letter of a key has bits to spare. */
const KEY_LETTERS = String(PUBLIC_JWK.x).slice(0, -1);
const lettersOf = (body: string): string => body.replaceAll(/[^\w-]/g, '');

const keys = slowTarget({
  name: 'keys at a guard',
  files: ['guard/verification-keys.ts', 'guard/identity-guard.ts'],
  inputs: fc.record({
    rounds: fc.array(round, { minLength: 1, maxLength: 4 }),
    cooldown: fc.constantFrom(0, 0, 30),
  }),
  check: async ({ rounds, cooldown }) => {
    const guard = createIdentityGuard({ issuer: ISSUER, audience: 'api', jwksUri, cooldown });
    let wasPublished = false;
    for (const one of rounds) {
      answer = one;
      wasPublished ||= one.status === 200 && lettersOf(one.body).includes(KEY_LETTERS);
      const request = {
        rawHeaders: ['X-Auth-Assertion', assertionOf(one)],
      } as unknown as IncomingMessage;
      const told = { status: 0, body: '', isIn: false };
      const response = {
        writeHead: (status: number) => Object.assign(told, { status }) && response,
        end: (body: string) => Object.assign(told, { body }),
      };
      await guard(request, response as unknown as ServerResponse, () => {
        told.isIn = true;
      });
      must(told.isIn === (told.status === 0), 'let in, and answered');
      if (told.isIn) {
        must(wasPublished && one.typ === 'identity+jwt', 'by a key that nobody published');
        must(identityOf(request).subject === 'user-1', 'somebody else');
        continue;
      }
      must([401, 503].includes(told.status), `${told.status}`);
      must(!('identity' in request), 'refused, and known');
      must((JSON.parse(told.body) as { status: number }).status === told.status, 'no problem');
      const isAsPublished = one.status === 200 && one.body === good && one.kid !== 'k2';
      const isTrue = isAsPublished && one.typ === 'identity+jwt';
      // Only the first answer counts at once: later ones are asked for when a key is missing.
      must(!isTrue || one !== rounds[0], 'a true one is refused');
    }
  },
});

export const guardTargets: readonly FuzzTarget[] = [keys];
