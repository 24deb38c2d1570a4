import { isIP } from 'node:net';
import { z } from 'zod';
import type { HostAndPort } from '../config.types.js';
import { accept, refuse, valueType, type Judged, type ValueType } from './value-type.js';

/** A peer whose forwarding headers may be believed: an address, a range, or 'loopback'. */
export const trustedPeer: ValueType<string> = valueType({
  label: "an IP address, a range such as 10.0.0.0/8, or 'loopback'",
  remedy: 'name the addresses of your proxies; host names are not taken',
  input: z.string(),
  judge: (given) => (isTrustable(given) ? accept(given) : refuse('must be an address or a range')),
});

function isTrustable(given: string): boolean {
  if (given === 'loopback') return true;
  const [address = '', bits, ...rest] = given.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

/** True for a range that holds every address. */
export function trustsEveryone(entry: string): boolean {
  return /\/0+$/.test(entry);
}

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** An address or a name to listen on. */
export const listenHost: ValueType<string> = valueType({
  label: 'an IP address or a host name',
  remedy: 'write 127.0.0.1 for this machine only, 0.0.0.0 for every IPv4 interface, :: for all',
  input: z.string(),
  judge: (given) =>
    isIP(given) !== 0 || HOST_NAME.test(given)
      ? accept(given)
      : refuse('must be an IP address or a host name'),
});

/** One of several places where something listens; the port must be said, because each kind of server has its own. */
export const hostAndPort: ValueType<HostAndPort> = valueType({
  label: 'a host and a port such as redis-1:6379',
  remedy: 'write host:port; put an IPv6 address into brackets',
  input: z.string(),
  judge: (given): Judged<HostAndPort> => {
    const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(given);
    const [, six, plain = '', digits] = parts ?? [];
    const port = Number(digits);
    const host = six ?? plain;
    const named = six === undefined ? HOST_NAME.test(host) : isIP(host) === 6;
    if (!named || port < 1 || port > 65_535) return refuse('must be a host and a port');
    return accept({ host, port });
  },
});

/** Where Redis is. Secret as a whole, because it may hold a password. */
export const redisUrl: ValueType<string> = valueType({
  label: 'a URL such as redis://redis:6379 or rediss://redis:6380',
  remedy: 'write redis: or, for TLS, rediss:, then host, port and, if needed, the database number',
  secret: true,
  input: z.string(),
  judge: (given): Judged<string> => {
    if (/[?#]/.test(given)) {
      return refuse(
        'must have no query and no fragment',
        "remove them; write '?' and '#' in a password as %3F and %23",
      );
    }
    const url = /^rediss?:\/\/[^\s\\]+$/.test(given) ? URL.parse(given) : null;
    if (url === null) return refuse('must be a redis: or rediss: URL');
    if (url.hostname === '') return refuse('must name a host');
    if (!/^(?:\/\d{0,4})?$/.test(url.pathname)) {
      return refuse('must have nothing but a database number as its path');
    }
    return accept(given);
  },
});
