/** A session as an operator sees it; instants are ISO 8601. */
export type ListedSession = Readonly<
  Record<'session_id' | 'provider' | 'created_at' | 'last_seen_at' | 'client', string>
>;

/** What an operator may do with the sessions in the store. */
export interface SessionAdmin {
  list(subject: string, provider?: string): Promise<readonly ListedSession[]>;
  /** Tells how many ended. */
  endAll(subject: string, provider?: string): Promise<number>;
  endOne(handle: string): Promise<number>;
  close(): Promise<void>;
}
