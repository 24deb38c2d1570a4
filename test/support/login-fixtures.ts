import type { LoginConfig } from '../../src/config/config.types.js';
import { randomToken } from '../../src/crypto/random.js';
import type { LoginTransaction } from '../../src/domain/login-transaction.js';
import { configOf, HTTPS_ENV } from './config-env.js';

export const loginConfig: LoginConfig = {
  ...configOf(HTTPS_ENV).login,
  transactionMs: 600_000,
  stubMs: 3_600_000,
  transactionsPerBrowser: 3,
  browsers: 1_000,
};

export function newTransaction(more: Partial<LoginTransaction> = {}): LoginTransaction {
  return {
    provider: 'generic',
    issuer: 'https://login.example.org',
    state: randomToken(),
    nonce: randomToken(),
    codeVerifier: randomToken(),
    redirectUri: 'https://app.example.com/callback',
    returnTo: '/orders',
    createdAt: 0,
    ...more,
  };
}
