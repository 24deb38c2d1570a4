/** SHA-256 of a session's handle, 43 characters of base64url. */
export type StoreKey = string;
