import { createLocalJWKSet } from 'jose';
import { newSigningKey, publicKeys, unsignedToken } from '../../test/support/signing-key.js';
import { verifyUserinfo } from './signed-userinfo.js';

const NOW_S = 1_800_000_000;
const ISSUER = 'https://login.example';
const key = newSigningKey('key-1');
const stranger = newSigningKey('key-1');
const keys = createLocalJWKSet(publicKeys([key]) as Parameters<typeof createLocalJWKSet>[0]);
const claims = { iss: ISSUER, aud: 'app', sub: 'user-1', name: 'User' };

const verify = (token: string) =>
  verifyUserinfo(token, keys, {
    issuers: [ISSUER],
    clientId: 'app',
    algorithm: 'RS256',
    now: NOW_S * 1000,
  });

describe('signed userinfo', () => {
  it.each<[string, object]>([
    ['no dates at all', {}],
    ['several audiences, ours among them', { aud: ['other', 'app'] }],
    ['an expiry to come', { exp: NOW_S + 60 }],
  ])('is believed with %s', async (_what, more) => {
    await expect(verify(key.sign({ ...claims, ...more }))).resolves.toMatchObject({
      sub: 'user-1',
      name: 'User',
    });
  });

  it.each<[string, object, string]>([
    ['issuer (OIDC Core §5.3.2)', { iss: undefined }, 'iss'],
    ['audience (OIDC Core §5.3.2)', { aud: undefined }, 'aud'],
  ])('is refused without %s: it might be made for another client', async (_what, more, claim) => {
    await expect(verify(key.sign({ ...claims, ...more }))).rejects.toMatchObject({ claim });
  });

  it.each<[string, object, string]>([
    ['of another issuer', { iss: 'https://evil.example' }, 'iss'],
    ['for another client', { aud: 'app-2' }, 'aud'],
    ['that expired', { exp: NOW_S - 31 }, 'exp'],
    ['before its time', { nbf: NOW_S + 31 }, 'nbf'],
  ])('is refused %s', async (_what, more, claim) => {
    await expect(verify(key.sign({ ...claims, ...more }))).rejects.toMatchObject({ claim });
  });

  it('is refused when somebody else signed it, or nobody', async () => {
    await expect(verify(stranger.sign(claims))).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    });
    await expect(verify(unsignedToken(claims))).rejects.toMatchObject({
      code: 'ERR_JOSE_ALG_NOT_ALLOWED',
    });
  });
});
