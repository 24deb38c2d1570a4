/** A setting of ours that a provider contradicts; texts for the operator. */
export interface Misfit {
  /** The option's key in an entry of `providers`: `clientAuth`, `endpoints.token`. */
  readonly option: string;
  readonly fault: string;
  readonly remedy: string;
}

/** What comes out when a provider is asked whether it and its settings go together. */
export type ProviderInspection =
  | { readonly kind: 'fits' }
  | { readonly kind: 'misfits'; readonly misfits: readonly Misfit[] }
  /** It could not be asked, so nothing is known; `cause` is for the operator. */
  | { readonly kind: 'unreachable'; readonly cause: string };
