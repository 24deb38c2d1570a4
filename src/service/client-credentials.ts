import { headerOf, type Exchange } from '../http/exchange.js';
import { refuseRequest, type Parameters } from './request-parameters.js';

/** How a service says who it is (RFC 6749 §2.3.1). */
export type Credentials =
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post';
      readonly id: string;
      readonly secret: string;
    }
  | { readonly method: 'none'; readonly id?: string }
  /** Broken, or of a kind that is not taken here. */
  | { readonly method: 'unusable' };

const UNUSABLE: Credentials = { method: 'unusable' };
const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i;

/**
 * The credentials of a request.
 * @throws VestibuleError `bad_request` for several at once (RFC 6749 §2.3, §5.2)
 */
export function credentialsOf(exchange: Exchange, parameters: Parameters): Credentials {
  const header = headerOf(exchange, 'authorization');
  const secret = parameters.get('client_secret');
  const assertion = parameters.get('client_assertion');
  const ways = [header, secret, assertion].filter((way) => way !== undefined);
  // Node keeps the first of two such headers and says nothing of the other.
  const headers = exchange.req.headersDistinct['authorization'] ?? [];
  if (ways.length > 1 || headers.length > 1) refuseRequest('more than one way to authenticate');
  const id = parameters.get('client_id');
  if (header !== undefined) return besideId(readBasic(header), id);
  if (assertion !== undefined) return UNUSABLE;
  if (secret === undefined) return id === undefined ? { method: 'none' } : { method: 'none', id };
  return id === undefined ? UNUSABLE : { method: 'client_secret_post', id, secret };
}

/** A `client_id` beside the header does no harm as long as it says the same. */
function besideId(credentials: Credentials, id: string | undefined): Credentials {
  if (id !== undefined && 'id' in credentials && credentials.id !== id)
    refuseRequest('client_id is not the one of the Authorization header');
  return credentials;
}

/** Both parts are form-urlencoded before they are joined (RFC 6749 §2.3.1, Appendix B). */
function readBasic(header: string): Credentials {
  const [, encoded] = BASIC.exec(header) ?? [];
  if (encoded === undefined) return UNUSABLE;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon === -1) return UNUSABLE;
  const [id, secret] = [formDecoded(pair.slice(0, colon)), formDecoded(pair.slice(colon + 1))];
  if (id === undefined || secret === undefined) return UNUSABLE;
  return { method: 'client_secret_basic', id, secret };
}

function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
