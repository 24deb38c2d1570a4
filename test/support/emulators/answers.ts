import type { Answer } from '../op-host.js';

/** An OAuth 2.0 error (RFC 6749 §5.2) before a provider gives it its own shape. */
export interface OAuthError {
  readonly error: string;
  readonly description: string;
  /** 400 where nothing is said. */
  readonly status?: number;
}

const NOT_STORED = { 'cache-control': 'no-store' };

export function json(status: number, body: unknown, headers: Answer['headers'] = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...NOT_STORED, ...headers },
    body: JSON.stringify(body),
  };
}

export function html(status: number, title: string): Answer {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1></html>`,
  };
}

/** 302 to an address with parameters added; undefined ones are left out. */
export function redirect(
  address: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
): Answer {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.append(name, value);
  }
  return { status: 302, headers: { location: url.href, ...NOT_STORED }, body: '' };
}

/** The same answer with another JSON body. */
export function changeJson(
  answer: Answer,
  change: (body: Record<string, unknown>) => unknown,
): Answer {
  return {
    ...answer,
    body: JSON.stringify(change(JSON.parse(answer.body) as Record<string, unknown>)),
  };
}
