import express, { type Express } from 'express';
import { createIdentityGuard, identityOf, type IdentityGuardOptions } from 'vestibule/guard';

/** An API that only answers callers for whom Vestibule vouches. */
export function ordersApi(vestibule: IdentityGuardOptions): Express {
  const api = express();
  api.use(createIdentityGuard(vestibule));
  api.get('/orders', (req, res) => {
    const { issuer, subject, claims } = identityOf(req);
    res.json({ owner: { issuer, subject }, groups: claims['groups'] ?? [] });
  });
  return api;
}
