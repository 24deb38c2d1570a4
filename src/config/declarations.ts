import type { Option, OptionSet } from './option.js';
import { assertionOptions } from './options/assertion.options.js';
import { claimsOptions } from './options/claims.options.js';
import { cookieOptions } from './options/cookie.options.js';
import { csrfOptions } from './options/csrf.options.js';
import { limitOptions } from './options/limit.options.js';
import { logOptions } from './options/log.options.js';
import { loginOptions } from './options/login.options.js';
import { policyOptions } from './options/policy.options.js';
import { providerOptions } from './options/provider.options.js';
import { routeOptions } from './options/route.options.js';
import { serverOptions } from './options/server.options.js';
import { serviceOptions } from './options/service.options.js';
import { sessionOptions } from './options/session.options.js';
import { spaOptions } from './options/spa.options.js';
import { storeOptions } from './options/store.options.js';
import { tokenOptions } from './options/token.options.js';

/** Sections of the configuration file that are a mapping. */
export const SECTIONS = {
  server: serverOptions,
  cookie: cookieOptions,
  csrf: csrfOptions,
  session: sessionOptions,
  store: storeOptions,
  login: loginOptions,
  limits: limitOptions,
  tokens: tokenOptions,
  claims: claimsOptions,
  assertion: assertionOptions,
  spa: spaOptions,
  log: logOptions,
} as const satisfies Record<string, OptionSet>;

/** Sections that are a sequence of mappings. */
export const LISTS = {
  providers: providerOptions,
  routes: routeOptions,
  policies: policyOptions,
  services: serviceOptions,
} as const satisfies Record<string, OptionSet>;

/** The variable that names the configuration file: the one setting that no file can hold. */
export const CONFIG_FILE = {
  env: 'CONFIG_FILE',
  doc: 'Path of a `vestibule.yaml` with the same settings in sections. The environment wins over the file; `${NAME}` in its text is replaced by the variable NAME (or what NAME_FILE names), `$${NAME}` stays.',
} as const;

export interface DeclaredOption {
  /** `server.port`, `providers[].issuer`. */
  readonly path: string;
  readonly option: Option;
}

/** Every option, in the order of the sections. */
export const DECLARED: readonly DeclaredOption[] = [
  ...flatten(SECTIONS, '.'),
  ...flatten(LISTS, '[].'),
];

function flatten(
  sections: Readonly<Record<string, OptionSet>>,
  separator: string,
): DeclaredOption[] {
  return Object.entries(sections).flatMap(([section, options]) =>
    Object.values(options).map((option) => ({
      path: `${section}${separator}${option.key}`,
      option,
    })),
  );
}

/** Every environment variable that means something, `NAME_FILE` of the secrets included. */
export const ENV_NAMES: readonly string[] = [
  CONFIG_FILE.env,
  ...DECLARED.flatMap(({ option }) => {
    if (option.env === undefined) return [];
    return option.type.secret ? [option.env, `${option.env}_FILE`] : [option.env];
  }),
];
