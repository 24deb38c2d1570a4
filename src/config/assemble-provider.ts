import type { Values } from './option.js';
import type { providerOptions } from './options/provider.options.js';
import { profileNamed } from './profiles.js';
import type {
  AllowRules,
  ClientCredentials,
  MetadataSource,
  ProviderConfig,
  ProviderTls,
} from './provider-config.types.js';
import { idOf } from './rules/provider.rules.js';
import { complete, type FoundConfig } from './sections.js';

type Given = Values<typeof providerOptions>;

/** One provider out of what was read; only to be called when no problem was found. */
export function assembleProvider(section: FoundConfig['providers'][number]): ProviderConfig {
  const given = complete(section);
  const { profile, issuer, logoutUrl } = given;
  const id = idOf(section) ?? profile;
  return {
    id,
    label: given.label ?? profileNamed(profile).label ?? id,
    profile,
    issuer,
    tokenIssuers: given.tokenIssuers ?? [issuer],
    metadata: assembleMetadata(given),
    clientId: given.clientId,
    credentials: assembleCredentials(given),
    tls: assembleTls(given),
    scope: given.scope,
    authorizationParams: Object.fromEntries(
      given.authorizationParams.map(({ name, value }) => [name, value]),
    ),
    resources: given.resources,
    responseMode: given.responseMode,
    pkce: given.pkce,
    tokenRequest: {
      format: given.tokenRequestFormat,
      state: given.tokenRequestState,
      accessTokenOptional: given.accessToken === 'optional',
    },
    identityFrom: given.identityFrom,
    nonce: given.nonce,
    idTokenAlg: given.idTokenAlg,
    decryptionKeys: given.decryptionKeys ?? [],
    userinfo: given.userinfo,
    claims: given.claims,
    allow: assembleAllow(given),
    redirectUris: given.redirectUris,
    ...(logoutUrl !== undefined && { logoutUrl: onIssuer(logoutUrl, issuer) }),
    deadGrantErrors: given.deadGrantErrors,
    refreshGraceMs: given.refreshGraceMs,
    timeoutMs: given.timeoutMs,
  };
}

/** A path is one on the issuer's host, whatever path the issuer itself has. */
function onIssuer(given: string, issuer: string): string {
  return given.startsWith('/') ? `${new URL(issuer).origin}${given}` : given;
}

/** OIDC Discovery §4: a slash at the end of the issuer goes before the well-known path is put behind it. */
function wellKnown(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function assembleMetadata(given: Given): MetadataSource {
  const { issuer, discovery, discoveryUrl } = given;
  const endpoints: Readonly<Record<string, string | undefined>> = {
    authorization_endpoint: given.authorizationEndpoint,
    token_endpoint: given.tokenEndpoint,
    userinfo_endpoint: given.userinfoEndpoint,
    jwks_uri: given.jwksUri,
    revocation_endpoint: given.revocationEndpoint,
    end_session_endpoint: given.endSessionEndpoint,
  };
  const byHand = Object.entries(endpoints).flatMap(([name, url]) =>
    url === undefined ? [] : [[name, onIssuer(url, issuer)] as const],
  );
  return {
    byHand: Object.fromEntries(byHand),
    ...(discovery && {
      discoveryUrl: discoveryUrl === undefined ? wellKnown(issuer) : onIssuer(discoveryUrl, issuer),
    }),
  };
}

/** A key id that is written by hand names the key that signs, the first. */
function assembleCredentials(given: Given): ClientCredentials {
  const { clientAuth: method, clientSecret: secret, clientKeyId: kid, assertionAlg } = given;
  const [first, ...others] = given.clientKeys ?? [];
  const signing = first && { ...first, ...(kid !== undefined && { kid }) };
  return {
    method,
    ...(secret !== undefined && { secret }),
    basicEncoding: given.basicEncoding,
    keys: signing === undefined ? [] : [signing, ...others],
    assertionAudience: given.assertionAudience,
    ...(assertionAlg !== undefined && { assertionAlg }),
  };
}

/** What connections to the provider are made with: its certificate's key is the client's own, the first. */
function assembleTls({ ca, clientCertificate: certificate, clientKeys }: Given): ProviderTls {
  const key = clientKeys?.[0]?.key.export({ type: 'pkcs8', format: 'pem' });
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && key !== undefined && { certificate, key: String(key) }),
  };
}

function assembleAllow(given: Given): AllowRules {
  const { domainClaim } = given;
  return {
    domains: given.allowDomains ?? [],
    emails: given.allowEmails ?? [],
    groups: given.allowGroups ?? [],
    claims: (given.allowClaims ?? []).map(({ name: claim, value }) => ({ claim, value })),
    ...(domainClaim !== undefined && { domainClaim }),
    groupsClaim: given.groupsClaim,
  };
}
