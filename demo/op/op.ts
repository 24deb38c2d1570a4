import { generateKeyPair, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import {
  Provider,
  type ClientMetadata,
  type Configuration,
  type JWK,
  type JWKS,
} from 'oidc-provider';
import { opConfiguration } from './op.configuration.ts';
import { handleAsset, handleInteraction } from './op.interactions.ts';
import { OpStore } from './op.store.ts';
import { demoUsers, type DemoUser } from './users.ts';

export const demoApiResource = 'urn:vestibule:demo-api';

export interface OpOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly host?: string;
  /** Default `http://127.0.0.1:{port}`: another site than an app on localhost. */
  readonly issuer?: string;
  readonly clients?: readonly ClientMetadata[];
  readonly users?: readonly DemoUser[];
  /** Private keys; by default a fresh RS256 and a fresh ES256 key. */
  readonly jwks?: JWKS;
  readonly resource?: string;
  /** Life of an access token in seconds; short by default, so that renewal is seen. */
  readonly accessTokenSeconds?: number;
  /**
   * Laid over the configuration, feature by feature: what a test wants different. A userinfo endpoint, e.g.,
   * is `{features: {userinfo: {enabled: true}, resourceIndicators: {enabled: false}}}` (opaque tokens then).
   */
  readonly configuration?: Partial<Configuration>;
  /** Called first for every request; true when it answered (to fail, delay or count). */
  readonly intercept?: (
    request: IncomingMessage,
    response: ServerResponse,
  ) => boolean | Promise<boolean>;
}

export interface RunningOp {
  readonly issuer: string;
  readonly port: number;
  readonly provider: Provider;
  readonly store: OpStore;
  /** Registers a client while running, e.g. once the port of its redirect URI is known. */
  addClient(client: ClientMetadata): void;
  /**
   * From now on new keys sign; the old ones stay in the key set (OIDC Core §10.1.1). Logins that are under way and
   * sessions go on. Events are told by the `provider` of before.
   */
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

export interface WebClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The app's public URL without a trailing slash. */
  readonly publicUrl: string;
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post';
  /** Where the OP reaches the app's back-channel logout, when that is not below `publicUrl`. */
  readonly backchannelLogoutUri?: string;
  readonly name?: string;
}

/** The registration of an app behind Vestibule: callback, logout return, back-channel logout with `sid`. */
export function webClient(app: WebClient): ClientMetadata {
  return {
    client_id: app.clientId,
    client_secret: app.clientSecret,
    client_name: app.name ?? 'Vestibule demo',
    token_endpoint_auth_method: app.authMethod ?? 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [`${app.publicUrl}/callback`],
    post_logout_redirect_uris: [`${app.publicUrl}/logout/done`],
    backchannel_logout_uri: app.backchannelLogoutUri ?? `${app.publicUrl}/backchannel-logout`,
    backchannel_logout_session_required: true,
  };
}

async function freshKeys(): Promise<JWKS> {
  const generate = promisify(generateKeyPair);
  const rsa = await generate('rsa', { modulusLength: 2048 });
  const ec = await generate('ec', { namedCurve: 'P-256' });
  const jwk = (pair: typeof rsa, alg: string): JWK => ({
    ...(pair.privateKey.export({ format: 'jwk' }) as JWK),
    use: 'sig',
    alg,
  });
  return { keys: [jwk(rsa, 'RS256'), jwk(ec, 'ES256')] };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

interface Secrets {
  readonly jwks: JWKS;
  readonly cookieKeys: readonly string[];
}

function createProvider(
  issuer: string,
  store: OpStore,
  secrets: Secrets,
  options: OpOptions,
): Provider {
  const base = opConfiguration({
    ...secrets,
    store,
    clients: options.clients ?? [],
    users: options.users ?? demoUsers,
    resource: options.resource ?? demoApiResource,
    accessTokenSeconds: options.accessTokenSeconds ?? 120,
  });
  const over = options.configuration ?? {};
  const features = { ...base.features, ...over.features };
  const provider = new Provider(issuer, {
    ...base,
    ...over,
    features,
    ttl: { ...base.ttl, ...over.ttl },
  });
  provider.on('end_session.success', (ctx) => {
    const { session, params } = ctx.oidc;
    if (session !== undefined && params?.['logout'] !== undefined) store.endSession(session.uid);
  });
  return provider;
}

type Dispatch = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function dispatcher(provider: Provider, options: OpOptions): Dispatch {
  const handleProtocol = provider.callback();
  const users = options.users ?? demoUsers;
  return async (request, response) => {
    if (options.intercept !== undefined && (await options.intercept(request, response))) return;
    const { pathname } = new URL(request.url ?? '/', 'http://op.invalid');
    if (await handleAsset(pathname, response)) return;
    if (pathname.startsWith('/interaction/')) {
      await handleInteraction(provider, users, request, response);
      return;
    }
    await handleProtocol(request, response);
  };
}

/**
 * Starts a development OpenID Provider and resolves once it listens.
 *
 * Rejects when the port is taken. `close()` drops open connections and resolves when the port is free.
 */
export async function startOp(options: OpOptions = {}): Promise<RunningOp> {
  const store = new OpStore();
  const server = createServer();
  const port = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const issuer = options.issuer ?? `http://127.0.0.1:${port}`;
  let secrets: Secrets = {
    jwks: options.jwks ?? (await freshKeys()),
    cookieKeys: [randomBytes(32).toString('base64url')],
  };
  const provider = createProvider(issuer, store, secrets, options);
  let dispatch = dispatcher(provider, options);
  server.on('request', (request, response) => {
    dispatch(request, response).catch((error: unknown) => {
      provider.emit('error', error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  return {
    issuer,
    port,
    provider,
    store,
    addClient: (client) => store.put(`Client:${client.client_id}`, client),
    rotateKeys: async () => {
      const { keys } = await freshKeys();
      // The first key of an algorithm is the one that signs.
      secrets = { ...secrets, jwks: { keys: [...keys, ...secrets.jwks.keys] } };
      dispatch = dispatcher(createProvider(issuer, store, secrets, options), options);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
