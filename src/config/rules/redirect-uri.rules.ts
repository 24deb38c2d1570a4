import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import { isOwnCallback } from './own-callback.js';

/**
 * An application that takes the code itself must know to whom it hands it in, and the answers of two providers must
 * not meet at one address (RFC 9700 §4.4.2). Our own callback is nobody's page.
 */
export function checkRedirectUris({ providers, server }: FoundConfig, report: Report): void {
  const earlier = new Set<string>();
  for (const { values, key } of providers) {
    for (const uri of values.redirectUris ?? []) {
      if (isOwnCallback(server, uri))
        report.problem(
          key('redirectUris'),
          'names our own callback',
          'remove it: it is registered at the provider anyway',
        );
      if (earlier.has(uri))
        report.problem(
          key('redirectUris'),
          'names an address that another provider has',
          'give every provider an address of its own, so that their answers cannot be mixed up',
        );
    }
    for (const uri of values.redirectUris ?? []) earlier.add(uri);
  }
}
