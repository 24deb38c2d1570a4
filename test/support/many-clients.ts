import { randomBytes } from 'node:crypto';
import type { ClientMetadata } from 'oidc-provider';
import { Stage, type StageOptions } from './stage.js';

/** One registration at the stage's provider, and the entry of ours that goes with it. */
export interface ClientCase {
  /** The id of the entry, and its client id but for a prefix. */
  readonly id: string;
  /** Members of the entry in vestibule.yaml. */
  readonly entry?: Readonly<Record<string, unknown>> & { readonly clientSecret?: string };
  /** What the provider knows of the client. */
  readonly registered?: Partial<ClientMetadata>;
  /** Registered as this other client. */
  readonly sameAs?: string;
}

/** Sent by `client_secret_basic`, every one of these would be lost without the form encoding (RFC 6749 §2.3.1). */
const ODD = `:+%/~ &=?#"'<>`;

export const clientIdOf = (id: string): string => `client:${id}/+ %`;

/** A secret as a provider may give one: printable ASCII (RFC 6749 §A.2). */
export function newSecret(): string {
  return `${randomBytes(24).toString('base64url')}${ODD}${randomBytes(9).toString('base64url')}`;
}

/** One product and one provider, at which it has many registrations: `/login?provider={id}` chooses. */
export async function openWithClients(
  cases: readonly ClientCase[],
  { env = {}, ...options }: StageOptions = {},
): Promise<Stage> {
  const opaque = options.op?.accessTokens === 'opaque';
  const providers = cases.map(({ id, entry = {}, sameAs = id }) => ({
    id,
    issuer: '${OIDC_ISSUER}',
    clientId: clientIdOf(sameAs),
    userinfo: opaque,
    scope: opaque ? 'openid profile email' : 'openid profile email orders:read',
    ...entry,
  }));
  const stage = await Stage.open({
    ...options,
    // JSON is YAML.
    file: JSON.stringify({ providers }),
    env: {
      OIDC_CLIENT_ID: undefined,
      OIDC_CLIENT_SECRET: undefined,
      OIDC_SCOPE: undefined,
      OIDC_USERINFO: undefined,
      ...env,
    },
  });
  for (const one of cases) register(stage, one, cases);
  return stage;
}

function register(
  stage: Stage,
  { id, sameAs, entry = {}, registered }: ClientCase,
  all: readonly ClientCase[],
): void {
  if (sameAs !== undefined) return;
  const { clientSecret = '' } = entry;
  const ids = [id, ...all.filter((other) => other.sameAs === id).map((other) => other.id)];
  stage.op.register({
    clientId: clientIdOf(id),
    clientSecret,
    publicUrl: stage.bff.url(''),
    more: {
      redirect_uris: ids.map((one) => stage.url(`/callback/${one}`)),
      ...(clientSecret === '' && { client_secret: undefined }),
      ...registered,
    },
  });
}
