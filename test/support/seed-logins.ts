import type { Env } from '../../src/config/source/environment.js';
import { AuthentiqEmulator } from './emulators/authentiq.emulator.js';
import { AuthingEmulator } from './emulators/authing.emulator.js';
import { EmulatedProvider } from './emulators/emulated-provider.js';
import type { ClientAuthMethod } from './emulators/emulator.types.js';
import { EudiwEmulator } from './emulators/eudiw.emulator.js';
import { GoogleEmulator } from './emulators/google.emulator.js';
import { LocalTokenService } from './emulators/local-token-service.js';
import { OneAccessEmulator } from './emulators/oneaccess.emulator.js';
import { newProviderKey } from './emulators/provider-key.js';
import { freePort } from './redis-host.js';
import { SeedStage, type SeedStageOptions } from './seed-stage.js';

type More = Pick<SeedStageOptions, 'env' | 'port' | 'publicKey' | 'clientSecret'>;

/** Starts a provider as its seed has it, and the product with the profile for it. */
export interface SeedLogin<P extends EmulatedProvider = EmulatedProvider> {
  readonly profile: string;
  readonly start: () => Promise<P>;
  /** What the profile leaves to the operator, beside issuer, client id, secret and method. */
  readonly env: (provider: P) => Env;
}

const nothing = (): Env => ({});

export const GENERIC: SeedLogin = {
  profile: 'generic',
  start: () => EmulatedProvider.start(),
  env: () => ({ OIDC_SCOPE: 'openid profile email offline_access' }),
};

/** Its `iss` comes with or without the scheme; here the host is another. */
export const GOOGLE: SeedLogin<GoogleEmulator> = {
  profile: 'google',
  start: () => GoogleEmulator.start(),
  env: ({ issuer }) => ({ OIDC_TOKEN_ISSUERS: `${issuer},${new URL(issuer).host}` }),
};

export const AUTHENTIQ: SeedLogin<AuthentiqEmulator> = {
  profile: 'authentiq',
  start: () => AuthentiqEmulator.start(),
  env: nothing,
};

/** One scope is documented, and a userinfo answer that has no `sub`. */
export const ONEACCESS: SeedLogin<OneAccessEmulator> = {
  profile: 'oneaccess',
  start: () => OneAccessEmulator.start(),
  env: nothing,
};

export const EUDIW: SeedLogin<EudiwEmulator> = {
  profile: 'eudiw',
  start: () => EudiwEmulator.start(),
  env: nothing,
};

export const AUTHING: SeedLogin<AuthingEmulator> = {
  profile: 'authing',
  start: () => AuthingEmulator.start(),
  env: nothing,
};

/** A stage of this login; `set` throws the provider's switches before anybody comes. */
export async function openSeed<P extends EmulatedProvider>(
  { profile, start, env }: SeedLogin<P>,
  authMethod: ClientAuthMethod,
  { set, ...more }: More & { readonly set?: (provider: P) => void } = {},
): Promise<SeedStage<P>> {
  const provider = await start();
  set?.(provider);
  return SeedStage.open({
    profile,
    provider,
    authMethod,
    ...more,
    env: { ...env(provider), ...more.env },
  });
}

/** The product with a private key in place of a secret. */
export function openWithKey(env: Env): Promise<SeedStage> {
  const { privateJwk, publicKey } = newProviderKey('RS256', 'client-1');
  return openSeed(GENERIC, 'private_key_jwt', {
    publicKey,
    env: { ...env, OIDC_CLIENT_KEY: JSON.stringify(privateJwk) },
  });
}

/** The product with the service of seed 000 in place of Google's token endpoint. */
export async function openLocalService(): Promise<{
  readonly stage: SeedStage<GoogleEmulator>;
  readonly service: LocalTokenService;
}> {
  const port = await freePort();
  const redirectUri = `http://localhost:${port}/callback`;
  const provider = await GoogleEmulator.start();
  const [clientId, clientSecret] = ['local-service', 'the-secret-of-the-service'];
  const tokenEndpoint = provider.endpoints.token ?? '';
  const service = await LocalTokenService.start({
    tokenEndpoint,
    clientId,
    clientSecret,
    redirectUri,
  });
  const stage = await SeedStage.open({
    profile: 'google',
    provider,
    port,
    authMethod: 'none',
    env: {
      ...GOOGLE.env(provider),
      OIDC_CLIENT_ID: clientId,
      OIDC_TOKEN_ENDPOINT: service.tokenEndpoint,
      OIDC_TOKEN_REQUEST: 'json',
      OIDC_PKCE: 'none',
      // The service cannot renew: a refresh token would be of no use to anybody.
      OIDC_AUTHORIZATION_PARAMS: 'access_type=online',
    },
  });
  // At Google it is the service's client that asks, with the service's secret.
  const authMethod = 'client_secret_post';
  provider.register({ clientId, clientSecret, authMethod, redirectUris: [redirectUri] });
  return { stage, service };
}
