import { z } from 'zod';
import { isLoopbackHost } from './loopback.js';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

/** An origin as a browser writes it, and what rules ask about it. */
export interface PublicUrl {
  readonly origin: string;
  /** '' or '/path', without a trailing slash. */
  readonly path: string;
  readonly https: boolean;
  readonly loopback: boolean;
  readonly hostname: string;
  /** The port as a number, also where the URL leaves it out. */
  readonly port: number;
}

const HTTPS = 'use https (http is for localhost, 127.0.0.0/8 and [::1] only)';
const NO_EXTRAS = 'remove everything after the path, and user name and password';

/** An absolute http(s) URL without credentials, query or fragment (RFC 3986), exactly as `new URL` reads it. */
function bareUrl(given: string): Judged<URL> {
  // `new URL` drops tabs and line breaks and turns backslashes round: such text is not what it seems.
  // A star would be a wildcard that nobody expands.
  const url = /^https?:\/\/[^\s\\*]+$/i.test(given) ? URL.parse(given) : null;
  if (url === null) return refuse('must be an absolute URL with http or https');
  if (/[?#]/.test(given)) return refuse('must have no query and no fragment', NO_EXTRAS);
  if (url.username !== '' || url.password !== '') {
    return refuse('must have no user name and no password', NO_EXTRAS);
  }
  return accept(url);
}

function secureUrl(given: string): Judged<URL> {
  const judged = bareUrl(given);
  if (judged.kind === 'refused') return judged;
  const { protocol, hostname } = judged.value;
  if (protocol === 'http:' && !isLoopbackHost(hostname)) {
    return refuse('must be https on this host', HTTPS);
  }
  return judged;
}

function urlType<T>(
  label: string,
  remedy: string,
  judge: (given: string) => Judged<T>,
): ValueType<T> {
  return valueType({ label, remedy, input: z.string(), judge });
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Where browsers find Vestibule. */
export const publicUrl = urlType<PublicUrl>(
  'a URL such as https://app.example.com',
  'write scheme, host and, if it is not the default, port',
  (given) => {
    const judged = secureUrl(given);
    if (judged.kind === 'refused') return judged;
    const { origin, pathname, protocol, hostname, port } = judged.value;
    const https = protocol === 'https:';
    return accept({
      origin,
      path: withoutSlash(pathname),
      https,
      hostname,
      loopback: isLoopbackHost(hostname),
      port: port === '' ? (https ? 443 : 80) : Number(port),
    });
  },
);

/** Kept byte for byte: tokens and discovery are compared with it (OIDC Discovery §4.3). */
export const issuer = urlType<string>(
  'a URL such as https://login.example.com',
  "copy the value of 'issuer' from the provider's discovery document",
  (given) => {
    const judged = secureUrl(given);
    if (judged.kind === 'refused') return judged;
    if (given.includes('/.well-known/')) {
      return refuse(
        'must be the issuer, not the address of its discovery document',
        "remove '/.well-known/' and what follows",
      );
    }
    return accept(given);
  },
);

/** Origin and path of an API, without a trailing slash. */
export const upstream = urlType<string>(
  'a URL such as http://api:8080',
  'write scheme, host, port and, if needed, a path',
  (given) => {
    const judged = bareUrl(given);
    if (judged.kind === 'refused') return judged;
    return accept(withoutSlash(judged.value.href));
  },
);

/** An origin exactly as a browser writes it (RFC 6454 §6.2): nothing has to be normalised when comparing. */
export const exactOrigin = urlType<string>(
  'an origin such as https://app.example.com',
  'write scheme, host and port in lower case, no default port, no path, no slash at the end',
  (given) => {
    const judged = bareUrl(given);
    if (judged.kind === 'refused') return judged;
    return judged.value.origin === given ? accept(given) : refuse('must be a bare origin');
  },
);

/** An endpoint of a provider: an absolute URL, or a path on the issuer's host. A query stays (RFC 6749 §3.1). */
export const endpoint = urlType<string>(
  "a URL, or a path on the issuer's host such as /oauth2/token",
  "write https://host/path, or '/path' for the issuer's own host",
  (given) => (given.startsWith('/') ? ownPath(given) : withQuery(given)),
);

/** The same, with places in braces that are filled in later. */
export const logoutTemplate = urlType<string>(
  "a URL or a path on the issuer's host, with {post_logout_redirect_uri} and the like",
  'use {post_logout_redirect_uri}, {client_id}, {state} and {id_token_hint} in its query',
  (given) => {
    const filled = given.replaceAll(
      /=\{(?:post_logout_redirect_uri|client_id|state|id_token_hint)\}/g,
      '=value',
    );
    if (/[{}]/.test(filled)) return refuse('has braces around something that is not known');
    const judged = filled.startsWith('/') ? ownPath(filled) : withQuery(filled);
    return judged.kind === 'refused' ? judged : accept(given);
  },
);

/** A redirect URI of an application, compared byte for byte (RFC 9700 §2.1). */
export const redirectUri = urlType<string>(
  'a URL such as https://app.example.com/signed-in',
  'write it exactly as it is registered at the provider',
  (given) => withQuery(given),
);

const VISIBLE = /^[\x21-\x5b\x5d-\x7e]+$/;
const NO_FRAGMENT = "remove '#' and what follows";

function ownPath(given: string): Judged<string> {
  if (given.includes('#')) return refuse('must have no fragment', NO_FRAGMENT);
  return VISIBLE.test(given) && !given.startsWith('//')
    ? accept(given)
    : refuse("must be a URL, or a path that begins with one '/'");
}

function withQuery(given: string): Judged<string> {
  if (given.includes('#')) return refuse('must have no fragment', NO_FRAGMENT);
  const [bare = ''] = given.split('?', 1);
  const judged = secureUrl(bare);
  if (judged.kind === 'refused') return judged;
  return VISIBLE.test(given)
    ? accept(given)
    : refuse('must be of visible ASCII characters', 'percent-encode all others');
}
