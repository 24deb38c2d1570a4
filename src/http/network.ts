import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

const GROUPS = 4;

/**
 * What one client can be told apart by: an IPv4 address, or the /64 of an IPv6 address, in which any host may take as many
 * addresses as it likes (RFC 4291 §2.5.4, RFC 8981). Anything else stays as it is.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const parsed = ipaddr.process(plainForm(address));
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const groups = (parsed as ipaddr.IPv6).parts.slice(0, GROUPS);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

/** Without zone and dotted end (RFC 4291 §2.2 form 3), which the library does not know behind every prefix. */
function plainForm(address: string): string {
  const [bare = ''] = address.split('%', 1);
  return new URL(`http://[${bare}]`).hostname.slice(1, -1);
}
