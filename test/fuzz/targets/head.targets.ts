import type { IncomingMessage } from 'node:http';
import * as fc from 'fast-check';
import { judgeHead } from '../../../src/http/request-head.js';
import { asIncoming } from '../../../src/proxy/told-headers.js';
import { given, must } from '../expectations.js';
import { target, type FuzzTarget } from '../fuzz-target.js';
import { asFieldValue } from '../inputs/requests.js';
import { changed } from '../inputs/texts.js';

/** Around what is taken: lengths and numbers, because texts of this size say nothing more. */
const heads = target({
  name: 'head of a request',
  files: ['http/request-head.ts'],
  inputs: fc.record({
    url: fc.oneof(fc.constantFrom(0, 1, 12_287, 12_288, 12_289), fc.nat(70_000)),
    fields: fc.oneof(fc.constantFrom(0, 99, 100, 101), fc.nat(300)),
    cookies: fc.oneof(fc.constantFrom(0, 1, 199, 200, 201), fc.nat(1_000)),
    pair: fc.constantFrom('a=b', '', 'a', ' x = y '),
  }),
  check: ({ url, fields, cookies, pair }) => {
    const cookie = Array.from({ length: cookies }, () => pair).join(';');
    const request = {
      url: 'x'.repeat(url),
      rawHeaders: Array.from({ length: 2 * fields }, () => 'x'),
      headers: { ...(cookies > 0 && { cookie }) },
    } as unknown as IncomingMessage;
    const passes = given(['uri_too_long', 'header_fields_too_large'], () => {
      judgeHead(request);
      return true;
    });
    const isSmall = url <= 12_288 && fields <= 100;
    must(passes === undefined || isSmall, 'a head that is too large passes');
    must(passes === true || !isSmall || cookies > 200, 'a small head is refused');
    must(passes === undefined || cookies <= 200 || cookie.length <= 400, 'cookies without end');
  },
});

const VALUES = ['text/html', 'a', '', '5', 'close', 'a, b'].map(asFieldValue);
const told = target({
  name: 'headers as an API tells them',
  files: ['proxy/told-headers.ts'],
  inputs: fc.dictionary(
    fc.constantFrom('set-cookie', 'content-type', 'location', 'vary', 'x-own', 'age'),
    fc.oneof(
      changed(VALUES, 1),
      fc.array(changed(VALUES, 1), { minLength: 1, maxLength: 3 }),
      fc.constant(null),
    ),
  ),
  check: (fields) => {
    const given = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, value ?? undefined]),
    );
    const read = asIncoming(given);
    for (const [name, value] of Object.entries(given)) {
      const values = value === undefined ? [] : [value].flat();
      const [first] = values;
      const now = read[name];
      if (name === 'set-cookie')
        must(JSON.stringify(now ?? []) === JSON.stringify(values), 'a cookie was lost');
      else if (['content-type', 'location', 'age'].includes(name))
        must(now === first, 'two opinions of what there is one of');
      else must(now === (value === undefined ? undefined : values.join(', ')), `${name} changed`);
    }
  },
});

export const headTargets: readonly FuzzTarget[] = [heads, told];
