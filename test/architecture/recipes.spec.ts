import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './sources.js';

/** Part of a recipe, as far as these tests look into it. */
interface Part {
  readonly [name: string]: Part;
}
const recipe = (path: string): Part =>
  parse(readFileSync(join(ROOT, 'recipes', path), 'utf8')) as Part;
/** The values of a list, or of a mapping. */
const each = (part: Part | undefined): Part[] => Object.values(part ?? {});

/** The gateways that no test runs; what the others keep back is seen in test/e2e/gateways.spec.ts. */
describe('an application behind a gateway gets neither the cookie nor an Authorization of the client (ATK-47)', () => {
  it('behind Envoy', () => {
    const { http_filters: filters, route_config: routes } = recipe('envoy/ext_authz.yaml');
    const [before, asking] = each(filters);
    expect(asking).toMatchObject({ name: 'envoy.filters.http.ext_authz' });
    const mutations = each(before?.['typed_config']?.['mutations']?.['request_mutations']);
    expect(mutations).toContainEqual({ remove: 'authorization' });
    const [host] = each(routes?.['virtual_hosts']);
    const ofApplication = each(host?.['routes']).filter(
      (route) => route['typed_per_filter_config'] === undefined,
    );
    expect(ofApplication).toHaveLength(1);
    // The router takes these away, which is the last of the filters: the question has the cookie still.
    expect(ofApplication[0]?.['request_headers_to_remove']).toEqual(
      expect.arrayContaining(['cookie', 'proxy-authorization']),
    );
  });

  it('behind ingress-nginx', () => {
    const { metadata } = recipe('kubernetes/ingress-nginx.yaml');
    const snippet =
      metadata?.['annotations']?.['nginx.ingress.kubernetes.io/configuration-snippet'];
    for (const name of ['Cookie', 'Authorization', 'Proxy-Authorization'])
      expect(snippet).toContain(`proxy_set_header ${name} "";`);
  });

  it('behind Traefik', () => {
    const { http } = recipe('traefik/dynamic.yaml');
    const names = http?.['routers']?.['app']?.['middlewares'] as unknown as readonly string[];
    const removed = names.map(
      (name) => http?.['middlewares']?.[name]?.['headers']?.['customRequestHeaders'],
    );
    expect(removed[0]).toMatchObject({ Authorization: '' });
    expect(removed.at(-1)).toMatchObject({ Cookie: '' });
  });
});
