import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ROUTE_TABLE } from '../../src/http/route-table.js';
import { exchange, jsonOf, type Hop } from '../support/http-exchange.js';
import { ServiceCaller, servicesFile } from '../support/service-caller.js';
import { Stage } from '../support/stage.js';

const gateway = new ServiceCaller('gateway', { scopes: '[introspect, sessions]' });

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, object>>;
}

const FILE = join(import.meta.dirname, '../../src/ops/openapi.json');
const document = JSON.parse(readFileSync(FILE, 'utf8')) as Document;
const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'api');

const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

/** What is wrong with an answer by the document; null is nothing. */
function faultsOf(hop: Hop, method: string, path: string): unknown {
  const type = (hop.headers['content-type'] ?? '').split(';')[0] ?? '';
  const at = ['paths', path, method, 'responses', String(hop.status), 'content', type, 'schema'];
  const validate = ajv.compile({ $ref: `api#/${at.map(escaped).join('/')}` });
  validate(jsonOf(hop));
  return validate.errors ?? null;
}

describe('the OpenAPI document', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ file: servicesFile(gateway) });
  });
  afterAll(() => stage.close());

  it('is valid, and names every route of both listeners', async () => {
    const result = await new Validator().validate({ ...document });
    expect(result).toMatchObject({ valid: true });
    const paths = ROUTE_TABLE.map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'));
    const missing = paths.filter((path) => document.paths[path.replace('/*', '')] === undefined);
    expect(missing).toEqual([]);
  });

  it('is served on the internal listener, and not on the public one (ATK-89)', async () => {
    const served = await exchange(`${stage.bff.internalOrigin}/openapi.json`);
    expect([served.status, jsonOf(served)]).toEqual([200, document]);
    expect((await exchange(stage.url('/openapi.json'))).status).toBe(404);
  });

  it('says what the answers look like', async () => {
    const person = await stage.member();
    const cookie = `${stage.bff.cookieName}=${await person.cookie(stage.url('/'), stage.bff.cookieName)}`;
    const token = cookie.slice(cookie.indexOf('=') + 1);
    const ask = (path: string, headers = {}) => exchange(stage.url(path), { headers });
    const internal = (path: string) => exchange(`${stage.bff.internalOrigin}${path}`);
    const answers: readonly (readonly [Hop, string, string])[] = [
      [await ask('/session', { cookie }), 'get', '/session'],
      [await ask('/session'), 'get', '/session'],
      [await ask('/sessions', { cookie }), 'get', '/sessions'],
      [await ask('/sessions'), 'get', '/sessions'],
      [await ask('/login', { 'sec-fetch-mode': 'cors' }), 'get', '/login'],
      [await internal('/healthz'), 'get', '/healthz'],
      [await internal('/readyz'), 'get', '/readyz'],
      [await internal('/.well-known/jwks.json'), 'get', '/.well-known/jwks.json'],
      [await internal('/verify'), 'get', '/verify'],
      [await gateway.ask(stage, '/introspect', { form: { token } }), 'post', '/introspect'],
      [await gateway.ask(stage, '/introspect', { form: { token: 'x' } }), 'post', '/introspect'],
      [await gateway.ask(stage, '/introspect', { form: {} }), 'post', '/introspect'],
      [await gateway.ask(stage, '/token', { form: { grant_type: 'x' } }), 'post', '/token'],
      [
        await gateway.ask(stage, '/admin/sessions?sub=alice', { method: 'GET' }),
        'get',
        '/admin/sessions',
      ],
    ];
    const statuses = answers.map(([{ status }]) => status);
    expect(statuses).toEqual([
      200, 401, 200, 401, 400, 200, 200, 200, 401, 200, 200, 400, 400, 200,
    ]);
    for (const [hop, method, path] of answers)
      expect([path, hop.status, faultsOf(hop, method, path)]).toEqual([path, hop.status, null]);
  });
});
