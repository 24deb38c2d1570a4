import type { ProviderConfig } from '../config/provider-config.types.js';
import type { ProviderInspection } from '../domain/provider-inspection.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { findMisfits } from './metadata-fit.js';
import { errorName } from './provider-errors.js';
import { createProviderFetch } from './provider-fetch.js';
import { fetchServerMetadata } from './server-metadata.js';

/**
 * Asks a provider for its metadata and compares them with its entry, before anybody logs in. Takes as long as
 * the entry's `timeoutMs` at most, and never throws for what a provider does.
 */
export async function inspectProvider(provider: ProviderConfig): Promise<ProviderInspection> {
  try {
    const server = await fetchServerMetadata(provider, createProviderFetch(provider.tls));
    const misfits = findMisfits(provider, server);
    return misfits.length === 0 ? { kind: 'fits' } : { kind: 'misfits', misfits };
  } catch (error) {
    return isRefusal(error) ? otherIssuer(error) : { kind: 'unreachable', cause: causeOf(error) };
  }
}

/** It answered, and not as the provider that the entry names (OIDC Discovery §4.3). */
function isRefusal(error: unknown): error is VestibuleError {
  return error instanceof VestibuleError && error.code === 'provider_misconfigured';
}

function otherIssuer({ detail, code }: VestibuleError): ProviderInspection {
  const remedy = "copy 'issuer' from the provider's metadata document, byte for byte";
  const fault = `does not fit: ${detail ?? code}`;
  return { kind: 'misfits', misfits: [{ option: 'issuer', fault, remedy }] };
}

function causeOf(error: unknown): string {
  return error instanceof VestibuleError ? (error.detail ?? error.code) : errorName(error);
}
