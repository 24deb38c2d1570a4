import type { Answer } from '../op-host.js';
import type { Lie } from './lie.types.js';

export type TellAnswer = (answer: Answer) => Answer;
type Body = Record<string, unknown>;

const JSON_TYPE = { 'content-type': 'application/json' };
const MARK = 'x'.repeat(64);

/** The true answer but for what `change` makes of its members. */
export const body =
  (change: (body: Body) => unknown): TellAnswer =>
  (answer) => ({ ...answer, body: JSON.stringify(change(JSON.parse(answer.body) as Body)) });
const member = (name: string, value: unknown): TellAnswer =>
  body((all) => ({ ...all, [name]: value }));
const headed =
  (headers: Answer['headers']): TellAnswer =>
  (answer) => ({ ...answer, headers });
const replaced =
  (status: number, headers: Answer['headers'], text: string): TellAnswer =>
  () => ({ status, headers, body: text });

const MEMBERS: readonly Lie<TellAnswer>[] = [
  { rows: ['F-14'], lie: 'no `access_token`', tell: member('access_token', undefined) },
  { rows: ['F-14'], lie: 'an empty `access_token`', tell: member('access_token', '') },
  { rows: ['F-14'], lie: 'an `access_token` that is a list', tell: member('access_token', [MARK]) },
  {
    rows: ['F-14'],
    lie: 'an `access_token` of 70 kB',
    tell: member('access_token', 'x'.repeat(70_000)),
  },
  { rows: ['F-14'], lie: 'no `token_type`', tell: member('token_type', undefined) },
  { rows: ['F-14'], lie: '`token_type: mac`', tell: member('token_type', 'mac') },
  { rows: ['F-14'], lie: '`token_type: DPoP`', tell: member('token_type', 'DPoP') },
  { rows: ['F-14'], lie: 'a `token_type` that is a list', tell: member('token_type', ['Bearer']) },
  {
    rows: ['D-07', 'F-14'],
    lie: 'an `id_token` that is an object',
    tell: member('id_token', { sub: 'alice' }),
  },
  { rows: ['F-14'], lie: 'a `refresh_token` that is a number', tell: member('refresh_token', 7) },
  { rows: ['F-14'], lie: 'an error inside a 200', tell: body(() => ({ error: 'invalid_grant' })) },
  { rows: ['F-14'], lie: 'an error beside true tokens', tell: member('error', 'access_denied') },
];

const SHAPES: readonly Lie<TellAnswer>[] = [
  { rows: ['F-14'], lie: 'an empty object', tell: body(() => ({})) },
  { rows: ['F-14'], lie: 'the true answer in a list', tell: body((all) => [all]) },
  { rows: ['F-14'], lie: 'null', tell: body(() => null) },
  {
    rows: ['F-14'],
    lie: 'JSON that breaks off',
    tell: (answer) => ({ ...answer, body: answer.body.slice(0, -20) }),
  },
  { rows: ['F-14'], lie: 'an empty body', tell: (answer) => ({ ...answer, body: '' }) },
  {
    rows: ['F-14'],
    lie: 'true tokens as `text/html`',
    tell: headed({ 'content-type': 'text/html' }),
  },
  { rows: ['F-14'], lie: 'true tokens without a content type', tell: headed({}) },
  {
    rows: ['F-14'],
    lie: 'true tokens as a form',
    tell: (answer) => ({
      ...answer,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(JSON.parse(answer.body) as Record<string, string>).toString(),
    }),
  },
  {
    rows: ['F-14'],
    lie: 'an HTML page',
    tell: replaced(200, { 'content-type': 'text/html' }, '<!doctype html><h1>Welcome</h1>'),
  },
];

const STATUS: readonly Lie<TellAnswer>[] = [
  {
    rows: ['F-14'],
    lie: 'true tokens under status 201',
    tell: (answer) => ({ ...answer, status: 201 }),
  },
  {
    rows: ['F-14'],
    lie: 'true tokens under status 400',
    tell: (answer) => ({ ...answer, status: 400 }),
  },
  {
    rows: ['F-14'],
    lie: 'true tokens under status 500',
    tell: (answer) => ({ ...answer, status: 500 }),
  },
  {
    rows: ['F-14', 'ATK-87'],
    lie: 'a redirect to an address of the cloud',
    tell: replaced(307, { location: 'http://169.254.169.254/latest/meta-data/' }, ''),
  },
  {
    rows: ['F-14'],
    lie: 'a 401 that asks for our credentials again',
    tell: replaced(
      401,
      { ...JSON_TYPE, 'www-authenticate': 'Basic realm="again"' },
      '{"error":"invalid_client"}',
    ),
  },
];

/** What is wrong with an answer of the token endpoint (RFC 6749 §5.1), told in a login and in a refresh. */
export const TOKEN_ANSWER_LIES: readonly Lie<TellAnswer>[] = [...MEMBERS, ...SHAPES, ...STATUS];
