import { fakeExchange } from '../../test/support/fake-exchange.js';
import { judgeHead } from './request-head.js';

interface Parts {
  readonly url?: string;
  readonly cookie?: string;
  readonly fields?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is said of a request with these parts. */
function judge({ url = '/', cookie = '', fields = 0, headers = {} }: Parts): string {
  const { req } = fakeExchange({ headers: { cookie, ...headers } });
  Object.assign(req, { url, rawHeaders: Array.from({ length: 2 * fields }, () => 'x') });
  try {
    judgeHead(req);
    return 'fits';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the head of a request', () => {
  it.each([
    ['an address of 12 KiB', { url: `/${'x'.repeat(12_287)}` }, 'fits'],
    ['a longer one', { url: `/${'x'.repeat(12_288)}` }, 'uri_too_long'],
    ['a hundred fields', { fields: 100 }, 'fits'],
    ['one more', { fields: 101 }, 'header_fields_too_large'],
    ['two hundred cookies', { cookie: 'a=b;'.repeat(199) + 'a=b' }, 'fits'],
    ['one more cookie', { cookie: 'a=b;'.repeat(200) + 'a=b' }, 'header_fields_too_large'],
    ['the shortest of them', { cookie: 'a;'.repeat(200) + 'a' }, 'header_fields_too_large'],
    ['a few long cookies', { cookie: `a=${'x'.repeat(4_000)}; b=${'y'.repeat(4_000)}` }, 'fits'],
  ])('with %s: %#', (_what, parts, outcome) => {
    expect(judge(parts)).toBe(outcome);
  });

  it.each([
    ['chunked', 'fits'],
    ['Chunked', 'fits'],
    ['gzip, chunked', 'not_implemented'],
    ['gzip', 'not_implemented'],
    ['chunked;a=b', 'not_implemented'],
    ['', 'not_implemented'],
  ])('tells the transfer coding %j: %s', (coding, outcome) => {
    expect(judge({ headers: { 'transfer-encoding': coding } })).toBe(outcome);
  });
});
