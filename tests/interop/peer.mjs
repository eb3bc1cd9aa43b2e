// A client and a server of signed requests, on the library http-message-signatures of npm. What it does is what peer.py
// does, in another ecosystem. Run it in the folder where the library is installed.

import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const { createSigner, createVerifier, httpbis } = createRequire(`${process.cwd()}/`)('http-message-signatures');

const ALGORITHM = 'ecdsa-p384-sha384';
const TOKEN = 'e30.e30.c2lnbmF0dXJl';

const digest = (name, body) => `${name}=:${createHash(name.replace('-', '')).update(body).digest('base64')}:`;

function serve() {
  const keys = new Map();

  async function verify(method, url, headers, body) {
    if (headers.authorization !== `Bearer ${TOKEN}`) throw new Error('the bearer token is not the good one');
    const required = ['@method', '@target-uri', ...(body.length > 0 ? ['content-digest'] : [])];
    const keyLookup = async ({ keyid }) => keys.get(keyid) ?? null;
    const verified = await httpbis.verifyMessage(
      { keyLookup, requiredFields: required, all: true },
      { method, url, headers },
    );
    if (verified !== true) throw new Error('there is no signature');
    const sent = headers['content-digest'];
    if (body.length > 0 && !['sha-256', 'sha-512'].some((name) => digest(name, body) === sent)) {
      throw new Error('the digest is not that of the body');
    }
  }

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const answer = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (request.url === '/v1/auth/token') {
      return answer(200, { token: TOKEN, expiresAt: Math.floor(Date.now() / 1000) + 3600, tokenType: 'Bearer' });
    }
    if (request.url === '/v1/auth/signing') {
      const pem = Buffer.from(JSON.parse(body).publicKey, 'base64');
      keys.set('the-key', { id: 'the-key', algs: [ALGORITHM], verify: createVerifier(pem, ALGORITHM) });
      return answer(200, { keyId: 'the-key' });
    }
    try {
      await verify(request.method, `http://${request.headers.host}${request.url}`, request.headers, body);
    } catch (error) {
      return answer(401, { message: `${error.name}: ${error.message}` });
    }
    answer(404, { message: 'verified' });
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

async function call(baseUrl) {
  async function send(method, path, headers, body) {
    const response = await fetch(`${baseUrl}${path}`, { method, headers, body });
    const text = await response.text();
    return { status: response.status, value: text === '' ? null : JSON.parse(text) };
  }

  const jsonType = { 'content-type': 'application/json' };
  const credentials = { apiKey: process.env.API_KEY, apiSecret: process.env.API_SECRET };
  const { value: token } = await send('POST', '/auth/token', jsonType, JSON.stringify(credentials));
  const bearer = { authorization: `Bearer ${token.token}` };
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const registration = JSON.stringify({ publicKey: Buffer.from(pem).toString('base64') });
  const { value: registered } = await send('PUT', '/auth/signing', { ...bearer, ...jsonType }, registration);
  const key = createSigner(privateKey, ALGORITHM, registered.keyId);
  const { value: account } = await send('POST', '/sandbox/accounts', { ...bearer, ...jsonType }, '{}');
  const cards = `/accounts/${account.accountId}/cards`;

  async function signed(what, method, path, { body, algorithm = 'sha-256', tamper = {} } = {}) {
    const headers = { ...bearer };
    if (method !== 'GET') headers['idempotency-key'] = randomUUID();
    if (body !== undefined) Object.assign(headers, jsonType, { 'content-digest': digest(algorithm, body) });
    const sent = ['content-digest', 'idempotency-key'].filter((name) => name in headers);
    const fields = ['@method', '@target-uri', 'authorization', ...sent];
    const message = await httpbis.signMessage({ key, fields }, { method, url: `${baseUrl}${path}`, headers });
    const { status } = await send(method, path, { ...message.headers, ...tamper }, body);
    console.log(JSON.stringify({ what, status }));
  }

  const card = (type, city) => {
    const address = { firstLine: '1 High Street', city, country: 'GB', postCode: 'SW1A 1AA' };
    return JSON.stringify({ type, billingAddress: address, shippingAddress: address });
  };
  const unknown = () => `/cards/${randomUUID()}/activate`;
  await signed('create', 'POST', cards, { body: card('virtual', 'London') });
  await signed('create with sha-512', 'POST', cards, { body: card('physical', '東京 🏙'), algorithm: 'sha-512' });
  await signed('list', 'GET', cards);
  await signed('unknown', 'PATCH', unknown());
  await signed('tampered', 'PATCH', unknown(), { tamper: { 'idempotency-key': randomUUID() } });
}

if (process.argv[2] === 'serve') serve();
else await call(process.argv[3]);
