import { z } from 'zod';

const instant = z.int().describe('Epoch seconds.');
const claims = z.record(z.string(), z.json());

/** An RFC 9457 answer with these codes of the error catalogue. */
export function problem(codes: readonly string[]): z.ZodType {
  return z
    .looseObject({
      type: z.literal('about:blank'),
      title: z.string(),
      status: z.int(),
      code: z.enum(codes as [string, ...string[]]),
      detail: z.string().describe('What to do about it.'),
      request_id: z.string(),
      login_url: z.string().optional().describe('Where a login begins.'),
      reason: z.string().optional().describe('Why the session ended; for its holder alone.'),
    })
    .describe('RFC 9457. `code` is stable, the rest is for people.');
}

export const sessionView = z
  .object({
    authenticated: z.literal(true),
    user: claims.describe('`sub` and the claims that are for pages.'),
    provider: z.string(),
    session_id: z.string().describe('Public name of the session; authenticates nothing.'),
    created_at: instant,
    idle_expires_at: instant,
    absolute_expires_at: instant,
    access_token_expires_at: instant.optional(),
    acr: z.string().optional(),
    auth_time: instant.optional(),
    logout_url: z.string().describe('A navigation there logs out.'),
  })
  .meta({ id: 'Session' });

export const noSession = z
  .object({
    authenticated: z.literal(false),
    reason: z.string().optional().describe('Why the session ended.'),
    login_url: z.string(),
  })
  .meta({ id: 'NoSession' });

export const device = z
  .object({
    session_id: z.string(),
    provider: z.string(),
    created_at: instant,
    last_seen_at: instant,
    client: z.string(),
    current: z.boolean().optional(),
  })
  .meta({ id: 'Device' });

export const location = z.object({
  location: z.string().describe('Where the page is to navigate to.'),
});

export const ended = z.object({ ended: z.int().describe('How many sessions ended.') });

export const callbackBody = z.object({
  code: z.string().optional(),
  state: z.string(),
  iss: z.string().optional(),
  error: z.string().optional(),
});

export const introspectionRequest = z.object({
  token: z.string().describe("The session cookie's value, or an identity assertion."),
  token_type_hint: z.string().optional(),
  client_id: z.string().optional().describe('With client_secret_post.'),
  client_secret: z.string().optional(),
});

export const introspection = z
  .looseObject({
    active: z.boolean(),
    iss: z.string().optional(),
    sub: z.string().optional(),
    sid: z.string().optional().describe('`session_id`.'),
    provider: z.string().optional(),
    username: z.string().optional(),
    email: z.string().optional(),
    scope: z.string().optional(),
    acr: z.string().optional(),
    amr: z.array(z.string()).optional(),
    auth_time: instant.optional(),
    exp: instant.optional(),
    iat: instant.optional(),
    client_id: z.string().optional(),
  })
  .describe('RFC 7662 §2.2. `{"active": false}` says nothing more.')
  .meta({ id: 'Introspection' });

export const tokenRequest = z.looseObject({
  grant_type: z
    .enum(['authorization_code', 'urn:ietf:params:oauth:grant-type:token-exchange'])
    .optional()
    .describe('May be missing for a service with `codeShape: plain`.'),
  code: z.string().optional(),
  redirect_uri: z.string().optional(),
  code_verifier: z.string().optional(),
  nonce: z.string().optional(),
  provider: z.string().optional(),
  subject_token: z.string().optional().describe("The session cookie's value."),
  subject_token_type: z.string().optional(),
  audience: z.string().optional(),
  resource: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

export const tokenResponse = z
  .object({
    access_token: z.string().optional(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().optional(),
    scope: z.string().optional(),
    id_token: z.string().optional(),
    refresh_token: z.string().optional().describe('Only for a service with `refreshTokens`.'),
    issued_token_type: z.string().optional(),
  })
  .meta({ id: 'TokenResponse' });

export const oauthError = z
  .looseObject({ error: z.string(), error_description: z.string().optional() })
  .describe('RFC 6749 §5.2.')
  .meta({ id: 'OAuthError' });

export const jwks = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })),
});

export const readiness = z.object({
  status: z.enum(['ready', 'not ready']),
  draining: z.boolean(),
  store: z.enum(['up', 'down']),
  providers: z.record(z.string(), z.enum(['known', 'unknown'])),
  audit: z.enum(['off', 'writing', 'failing']),
  warnings: z.array(z.string()),
});
