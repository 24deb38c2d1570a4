const MAX_LENGTH = 500;

/** JWTs, long random strings and authorization values never belong into a log line, wherever they came from. */
const SECRETS: readonly RegExp[] = [
  /\beyJ[\w-]*\.[\w-]*\.?[\w-]*/g,
  /\b(?:Bearer|Basic)\s+[^\s"]+/gi,
  /\b(code|state|token|access_token|refresh_token|id_token|client_secret|code_verifier|logout_token|password)=[^&\s"]+/gi,
  /[A-Za-z0-9_-]{40,}/g,
];

/** The second line of defence: the first is that no event has a field for a secret. Control characters become spaces. */
export function cleanText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  let clean = cut(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
  for (const secret of SECRETS) clean = clean.replace(secret, '[redacted]');
  return clean;
}

/** A word that the limit would cut goes as a whole: half a secret is not recognised as one. */
function cut(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  return `${text.slice(0, MAX_LENGTH).replace(/\S*$/, '')}…`;
}
