// Who calls, and whether the request is as it was signed: bearer tokens by jose, signatures by http-message-signatures,
// digests by node.

import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { createVerifier, httpbis } from 'http-message-signatures';
import { SignJWT, decodeJwt, jwtVerify } from 'jose';
import { parseDictionary } from 'structured-headers';
import { v4 as uuid } from 'uuid';
import { fault } from './faults.js';
import { Problem } from './problem.js';
import { readings } from './readings.js';

const ALGORITHM = 'ecdsa-p384-sha384';
const LIFETIME = 3600; // of a token, in seconds

const secret = randomBytes(32);
const keys = new Map(); // keyid → { id, programme, algs, verify }

/** A bearer token for whoever knows the secret of a programme. */
export async function login(programmes, { apiKey, apiSecret }) {
  const programme = programmes.find((one) => one.apiKey === apiKey && one.apiSecret === apiSecret);
  if (programme === undefined) throw new Problem(401, 'nobody has this key and secret');
  const expiresAt = Math.floor(Date.now() / 1000) + LIFETIME;
  const token = await new SignJWT({ programme: programme.name })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expiresAt)
    .sign(secret);
  return { token, expiresAt, tokenType: 'Bearer' };
}

/** The programme that the bearer token was given to. */
export async function authenticate(request) {
  const [, token] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  try {
    if (fault('token-only-decoded')) return decodeJwt(token).programme;
    const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'] });
    return payload.programme;
  } catch {
    throw new Problem(401, 'the bearer token is missing or wrong');
  }
}

export function registerKey(programme, { publicKey }) {
  const pem = Buffer.from(publicKey, 'base64');
  let key;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new Problem(400, 'publicKey is not the base64 of a PEM');
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'secp384r1') throw new Problem(400, 'publicKey is not of P-384');
  const id = uuid();
  keys.set(id, { id, programme, algs: [ALGORITHM], verify: createVerifier(pem, ALGORITHM) });
  return { keyId: id };
}

/** The newest key of the programme is forgotten. */
export function forgetKey(programme) {
  const newest = [...keys.values()].findLast((key) => key.programme === programme);
  if (newest === undefined) throw new Problem(404, 'there is no key');
  keys.delete(newest.id);
}

/** The request is signed by the programme, and its body is the one that was signed. */
export async function verify(request) {
  const { method, programme, rawBody, raw } = request;
  try {
    // With all values of a field: of some, `headers` has only the first.
    const headers = raw.headersDistinct;
    if (rawBody !== undefined) checkDigest(headers['content-digest'], rawBody);
    const url = `${request.protocol}://${request.host}${request.originalUrl}`;
    const verified = await httpbis.verifyMessage(rules(programme, headers, rawBody), { method, url, headers });
    if (verified !== true) throw new Error('there is no signature');
  } catch (error) {
    throw new Problem(readings.flawedAccess, `signature or digest: ${error.message}`);
  }
}

function rules(programme, headers, rawBody) {
  const always = ['@method', '@target-uri', ...(rawBody === undefined ? [] : ['content-digest'])];
  const ours = ['authorization', 'idempotency-key'].filter((name) => name in headers);
  return {
    keyLookup: async ({ keyid }) => {
      const key = keys.get(keyid) ?? (fault('any-key') ? [...keys.values()].at(-1) : undefined);
      return key?.programme === programme ? key : null;
    },
    requiredFields: fault('any-components') ? [] : readings.coversAll ? [...always, ...ours] : always,
    requiredParams: ['created', 'keyid'],
    maxAge: readings.signatureAge ?? undefined,
    tolerance: 30,
    all: true,
  };
}

/** Each digest that we know is that of the body, and there is one. */
function checkDigest(values = [], body) {
  const known = [...parseDictionary(values.join(', '))].filter(([name]) => ['sha-256', 'sha-512'].includes(name));
  if (known.length === 0) throw new Error('there is no Content-Digest by sha-256 or sha-512');
  if (fault('digest-unchecked')) return;
  for (const [name, [value]] of known) {
    const digest = createHash(name.replace('-', '')).update(body).digest();
    if (!(value instanceof ArrayBuffer) || !digest.equals(Buffer.from(value))) {
      throw new Error(`Content-Digest: ${name} is not that of the body`);
    }
  }
}
