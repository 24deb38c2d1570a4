import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { ClientAddress } from './client-address.js';

function from(peer: string | undefined, forwarded?: string): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const req = new IncomingMessage(socket);
  if (forwarded !== undefined) req.headers['x-forwarded-for'] = forwarded;
  return req;
}

describe('the address of the client', () => {
  it.each<[string, readonly string[], string | undefined, string | undefined, string]>([
    ['nobody is believed by default', [], '198.51.100.1', '1.1.1.1', '198.51.100.1'],
    ['not even this machine', [], '127.0.0.1', '1.1.1.1', '127.0.0.1'],
    ['a trusted proxy is believed', ['10.0.0.0/8'], '10.0.0.1', '1.1.1.1', '1.1.1.1'],
    [
      'what the client wrote before it is not',
      ['10.0.0.0/8'],
      '10.0.0.1',
      '9.9.9.9, 1.1.1.1',
      '1.1.1.1',
    ],
    [
      'a chain of trusted proxies',
      ['10.0.0.0/8'],
      '10.0.0.1',
      '9.9.9.9, 1.1.1.1, 10.0.0.2',
      '1.1.1.1',
    ],
    ['a stranger as the peer', ['10.0.0.0/8'], '11.0.0.1', '1.1.1.1', '11.0.0.1'],
    ['no header', ['10.0.0.0/8'], '10.0.0.1', undefined, '10.0.0.1'],
    ['an IPv4 address in IPv6 clothes', ['10.0.0.0/8'], '::ffff:10.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['an IPv6 proxy', ['fd00::/8'], 'fd00::1', '2001:db8::1', '2001:db8::1'],
    ['loopback by name', ['loopback'], '127.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['a peer that has left', [], undefined, undefined, 'unknown'],
    ['two headers, which Node joins', ['10.0.0.0/8'], '10.0.0.1', '9.9.9.9, 1.1.1.1', '1.1.1.1'],
    ['what is no address', ['10.0.0.0/8'], '10.0.0.1', 'unknown', '10.0.0.1'],
    ['an empty list', ['10.0.0.0/8'], '10.0.0.1', ', ,', '10.0.0.1'],
    ['nothing but a name before a proxy', ['10.0.0.0/8'], '10.0.0.1', 'evil, 10.0.0.2', '10.0.0.2'],
    ['no address behind one', ['10.0.0.0/8'], '10.0.0.1', '1.1.1.1, <script>', '10.0.0.1'],
    ['an IPv6 address with a zone', ['10.0.0.0/8'], '10.0.0.1', 'fe80::1%eth0', 'fe80::1%eth0'],
    ['a zone that is none', ['10.0.0.0/8'], '10.0.0.1', 'fe80::1%"x"', '10.0.0.1'],
    ['a long list', ['10.0.0.0/8'], '10.0.0.1', '9.9.9.9, '.repeat(2_000) + '1.1.1.1', '1.1.1.1'],
  ])('%s (ATK-02, ATK-04, J-20)', (_what, trusted, peer, forwarded, address) => {
    expect(new ClientAddress(trusted).of(from(peer, forwarded))).toBe(address);
  });
});
