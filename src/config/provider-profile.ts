import type { ClientAuthMethod } from './provider-config.types.js';

/**
 * What is known of one provider's habits: defaults for the options of a provider, as an operator would write
 * them. Nothing here is out of an operator's reach: whatever turns out to be different is a line of configuration.
 * Only a client authentication that the provider's documents rule out is refused: it would fail at every login.
 */
export interface ProviderProfile {
  readonly name: string;
  /** What a person reads on a button; absent: the id of the entry. */
  readonly label?: string;
  /** How the provider lets clients prove themselves; anything else is refused at the start. */
  readonly clientAuth: readonly ClientAuthMethod[];
  /** By the option's key in `vestibule.yaml`. */
  readonly defaults: Readonly<Record<string, string>>;
}
