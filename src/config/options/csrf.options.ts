import { z } from 'zod';
import { withDefault } from '../option.js';
import { text } from '../values/basic-values.js';
import { accept, refuse, valueType, type Judged } from '../values/value-type.js';

/**
 * Names that prove nothing: CORS lets any page send them without a preflight (Fetch §2.2.2, safelisted),
 * browsers set them themselves (forbidden), or they mean something else here.
 */
const USELESS =
  /^(?:accept|accept-language|content-language|content-type|range|authorization|cookie|host|origin|referer|user-agent|connection|content-length|date|via|te|trailer|upgrade|(?:sec|proxy|x-auth|x-forwarded|access-control)-.*)$/;

const csrfHeader = valueType({
  label: 'a header name such as X-CSRF',
  remedy: 'choose a name of your own, such as X-CSRF',
  input: z.string(),
  judge: (given): Judged<string> => {
    const name = given.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(name)) return refuse('must be a header name');
    return USELESS.test(name)
      ? refuse('must be a header that no foreign page can send unasked')
      : accept(name);
  },
});

/** Section `csrf`: the static header that forces a CORS preflight on foreign pages. */
export const csrfOptions = {
  header: withDefault({
    key: 'header',
    env: 'CSRF_HEADER',
    type: csrfHeader,
    default: 'X-CSRF',
    doc: 'Header that unsafe and proxied calls must carry. A foreign page cannot send it without a preflight.',
  }),
  value: withDefault({
    key: 'value',
    env: 'CSRF_VALUE',
    type: text(
      'up to 128 visible characters',
      /^[\x21-\x7e]{1,128}$/,
      'remove spaces and control characters',
    ),
    default: '1',
    doc: 'Value of this header. It is no secret: that the header is there is what counts.',
  }),
};
