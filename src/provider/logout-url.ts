import { buildEndSessionUrl, type Configuration } from 'openid-client';

export interface LogoutRequest {
  readonly postLogoutRedirectUri: string;
  readonly state: string;
  readonly idToken?: string;
}

/** RP-Initiated Logout §2; undefined where the provider has no such endpoint. */
export function endSessionUrl(
  client: Configuration,
  { postLogoutRedirectUri, state, idToken }: LogoutRequest,
): string | undefined {
  if (client.serverMetadata().end_session_endpoint === undefined) return undefined;
  return buildEndSessionUrl(client, {
    post_logout_redirect_uri: postLogoutRedirectUri,
    state,
    ...(idToken !== undefined && { id_token_hint: idToken }),
  }).href;
}

/** The operator's template with its places filled in; a place for which there is nothing stays empty. */
export function fillLogoutTemplate(
  template: string,
  clientId: string,
  { postLogoutRedirectUri, state, idToken = '' }: LogoutRequest,
): string {
  const values: Readonly<Record<string, string>> = {
    post_logout_redirect_uri: postLogoutRedirectUri,
    client_id: clientId,
    state,
    id_token_hint: idToken,
  };
  return template.replaceAll(/\{([a-z_]+)\}/g, (_place, name: string) =>
    encodeURIComponent(values[name] ?? ''),
  );
}
