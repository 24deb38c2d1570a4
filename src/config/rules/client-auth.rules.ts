import { X509Certificate } from 'node:crypto';
import { profileNamed } from '../profiles.js';
import type { ClientAuthMethod } from '../provider-config.types.js';
import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import { signatureAlgorithmsOf } from '../values/private-keys.js';

type Provider = FoundConfig['providers'][number];

const WITH_SECRET: readonly ClientAuthMethod[] = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
];
const WITH_KEY: readonly ClientAuthMethod[] = ['private_key_jwt', 'tls_client_auth'];

/** A MAC by the client secret, which both sides know (OIDC Core §10.1). */
export function isMac(algorithm: string): boolean {
  return algorithm.startsWith('HS');
}

/** What proves us to a provider must be there, suit the method, and be taken by the provider. */
export function checkClientAuth(provider: Provider, report: Report): void {
  checkMethod(provider, report);
  checkSecret(provider, report);
  checkKey(provider, report);
  checkCertificate(provider, report);
  checkAssertion(provider, report);
}

function methodsOf({ profile }: Provider['values']): readonly ClientAuthMethod[] {
  return profile === undefined ? [] : profileNamed(profile).clientAuth;
}

function checkMethod({ values, key }: Provider, report: Report): void {
  const { clientAuth, profile } = values;
  const offered = methodsOf(values);
  if (clientAuth === undefined || offered.includes(clientAuth)) return;
  report.problem(
    key('clientAuth'),
    `is ${clientAuth}, which ${profile} does not take`,
    `use ${offered.join(' or ')}`,
  );
}

function checkSecret({ values, key, written }: Provider, report: Report): void {
  const { clientAuth, idTokenAlg } = values;
  if (clientAuth === undefined || idTokenAlg === undefined) return;
  const byMethod = WITH_SECRET.includes(clientAuth);
  const byMac = isMac(idTokenAlg);
  const isGiven = written('clientSecret');
  if (isGiven === (byMethod || byMac)) return;
  if (isGiven) {
    report.problem(
      key('clientSecret'),
      `is set, but with ${key('clientAuth')} ${clientAuth} it would never be used`,
      `remove it, or set ${key('clientAuth')} to client_secret_basic or client_secret_post`,
    );
    return;
  }
  const otherWay = byMethod
    ? methodsOf(values).includes('none') && `${key('clientAuth')} to none for a public client`
    : `${key('idTokenAlg')} to what the provider signs with`;
  report.missing(
    key('clientSecret'),
    `is missing, and ${byMethod ? clientAuth : `${key('idTokenAlg')} ${idTokenAlg}`} needs it`,
    otherWay === false ? 'set it' : `set it, or set ${otherWay}`,
  );
}

function checkKey({ values, key, written }: Provider, report: Report): void {
  const { clientAuth } = values;
  if (clientAuth === undefined) return;
  const isNeeded = WITH_KEY.includes(clientAuth);
  const isGiven = written('clientKeys');
  if (isNeeded && !isGiven) {
    report.missing(
      key('clientKeys'),
      `is missing, and ${clientAuth} needs it`,
      'make a key, register its public part at the provider, and name its file here',
    );
  }
  if (isGiven && !isNeeded && !written('clientCertificate')) {
    report.problem(
      key('clientKeys'),
      `is set, but with ${key('clientAuth')} ${clientAuth} it would never be used`,
      `remove it, or set ${key('clientAuth')} to private_key_jwt`,
    );
  }
}

function checkCertificate({ values, key, written }: Provider, report: Report): void {
  const { clientAuth, clientCertificate: certificate, clientKeys, issuer } = values;
  const byTls = clientAuth === 'tls_client_auth';
  if (byTls && !written('clientCertificate')) {
    report.missing(
      key('clientCertificate'),
      'is missing, and tls_client_auth needs it',
      'name the file of the certificate that the provider knows',
    );
  }
  if (byTls && issuer?.startsWith('http:') === true) {
    report.problem(
      key('issuer'),
      'is http, where there is no certificate to show',
      `use https, or another ${key('clientAuth')}`,
    );
  }
  if (!byTls && written('clientCertificate') && !written('clientKeys')) {
    report.problem(
      key('clientCertificate'),
      `is set without ${key('clientKeys')}, so that it cannot be shown`,
      'set both or neither',
    );
  }
  const [first] = clientKeys ?? [];
  if (certificate === undefined || first === undefined) return;
  if (new X509Certificate(certificate).checkPrivateKey(first.key)) return;
  report.problem(
    key('clientCertificate'),
    `does not belong to ${key('clientKeys')}`,
    'give the certificate that was made for this key, its own before those of its chain',
  );
}

function checkAssertion(provider: Provider, report: Report): void {
  const { values, key, written } = provider;
  const { clientAuth, assertionAlg } = values;
  if (clientAuth === 'private_key_jwt') checkKeySigns(provider, report);
  else if (clientAuth === 'client_secret_jwt') {
    if (assertionAlg === undefined || isMac(assertionAlg)) return;
    report.problem(
      key('assertionAlg'),
      `is ${assertionAlg}, which no secret can make`,
      'use HS256, or remove it',
    );
  } else if (written('assertionAlg')) {
    report.problem(
      key('assertionAlg'),
      `is set, but only private_key_jwt and client_secret_jwt make assertions`,
      `remove it, or set ${key('clientAuth')} to one of them`,
    );
  }
}

/** The algorithm is the one that is configured, else the one that the key says of itself (RFC 7517 §4.4). */
function checkKeySigns({ values, key }: Provider, report: Report): void {
  const [first] = values.clientKeys ?? [];
  if (first === undefined) return;
  const able = signatureAlgorithmsOf(first);
  const wanted = values.assertionAlg ?? first.alg ?? able[0];
  if (wanted !== undefined && able.includes(wanted)) return;
  const remedy = able.length === 0 ? 'make a key that signs' : `use ${able.join(' or ')}`;
  if (values.assertionAlg === undefined)
    report.problem(key('clientKeys'), 'holds a first key that is not made for signing', remedy);
  else
    report.problem(
      key('assertionAlg'),
      `is ${values.assertionAlg}, which the key in ${key('clientKeys')} cannot make`,
      remedy,
    );
}
