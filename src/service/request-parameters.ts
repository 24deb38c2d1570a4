import { VestibuleError } from '../errors/vestibule.error.js';
import type { Exchange } from '../http/exchange.js';
import { readForm } from '../http/form.js';
import { isJson, readJsonObject } from '../http/json-body.js';

/** The parameters of a request, each once, none of them empty. */
export type Parameters = ReadonlyMap<string, string>;

/**
 * Reads a form, or, where that is taken, the same members as JSON. A parameter without a value counts as left out, a
 * repeated one is refused (RFC 6749 §3.2).
 * @throws VestibuleError `bad_request`, `payload_too_large`, `unsupported_media_type`
 */
export async function readParameters(
  exchange: Exchange,
  { json }: { readonly json: boolean },
): Promise<Parameters> {
  const entries = json && isJson(exchange) ? await fromJson(exchange) : await fromForm(exchange);
  return new Map(entries.filter(([, value]) => value !== ''));
}

/** A parameter that must be there. */
export function requiredParameter(parameters: Parameters, name: string): string {
  return parameters.get(name) ?? refuseRequest(`${name} is missing`);
}

/** Refuses a request; `description` is told, and must hold nothing of the request. */
export function refuseRequest(description: string): never {
  throw new VestibuleError('bad_request', {
    detail: description,
    members: { error_description: description },
  });
}

async function fromForm(exchange: Exchange): Promise<(readonly [string, string])[]> {
  const form = await readForm(exchange);
  if (new Set(form.keys()).size !== form.size) refuseRequest('a parameter is repeated');
  return [...form];
}

async function fromJson(exchange: Exchange): Promise<(readonly [string, string])[]> {
  const members = [...(await readJsonObject(exchange))];
  return members.map(([name, value]) => [
    name,
    typeof value === 'string' ? value : refuseRequest('a member is no text'),
  ]);
}
