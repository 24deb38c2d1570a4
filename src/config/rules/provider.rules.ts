import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';

type Provider = FoundConfig['providers'][number];

/** What must hold for each provider, and between them. */
export function checkProviders({ providers, server }: FoundConfig, report: Report): void {
  const ids = new Set<string>();
  for (const provider of providers) {
    checkSecret(provider, report);
    checkResponseMode(provider, server, report);
    const id = idOf(provider);
    if (id === undefined) continue;
    if (ids.has(id)) {
      report.problem(
        provider.key('id'),
        'is the id of an earlier provider (without an id it is the profile)',
        'give every provider its own id',
      );
    }
    ids.add(id);
  }
}

/** The id of a provider; without one it is called like its profile. */
export function idOf({ values, written }: Provider): string | undefined {
  return written('id') ? values.id : values.profile;
}

function checkSecret({ values, key, written }: Provider, report: Report): void {
  const { clientAuth } = values;
  if (clientAuth === undefined) return;
  const given = written('clientSecret');
  if (clientAuth === 'none' && given) {
    report.problem(
      key('clientSecret'),
      `is set, but with ${key('clientAuth')} none it would never be sent`,
      `remove it, or set ${key('clientAuth')} to client_secret_basic or client_secret_post`,
    );
  }
  if (clientAuth !== 'none' && !given) {
    report.missing(
      key('clientSecret'),
      `is missing, and ${clientAuth} needs it`,
      `set it, or set ${key('clientAuth')} to none for a public client`,
    );
  }
}

/**
 * A form_post answer is a cross-site POST: only a SameSite=None cookie comes along, and browsers take one
 * with Secure only (RFC 6265bis §5.7). Over http, loopback included, the login could never be bound.
 */
function checkResponseMode(
  { values, key }: Provider,
  server: FoundConfig['server'],
  report: Report,
): void {
  if (values.responseMode !== 'form_post' || server.values.publicUrl?.https !== false) return;
  report.problem(
    key('responseMode'),
    'is form_post, whose cookie must be SameSite=None, which browsers take over https only',
    `use query, or an https ${server.key('publicUrl')}`,
  );
}
