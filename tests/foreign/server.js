// The card API behind a gateway's path, on fastify. It prints its address when it listens.

import { readFileSync } from 'node:fs';
import addFormats from 'ajv-formats';
import Fastify from 'fastify';
import * as access from './access.js';
import * as cards from './cards.js';
import { fault } from './faults.js';
import * as idempotency from './idempotency.js';
import { Problem } from './problem.js';
import { readings } from './readings.js';
import * as schemas from './schemas.js';
import * as webhooks from './webhooks.js';

const PREFIX = '/gateway/cards-api/v1';
const { PORT = '0', API_KEY, API_SECRET, TLS_CERT, TLS_KEY } = process.env;

const programmes = [{ name: 'ours', apiKey: API_KEY, apiSecret: API_SECRET }];

const app = Fastify({
  https: TLS_CERT === undefined ? null : { cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) },
  ajv: {
    customOptions: { coerceTypes: fault('types-coerced'), removeAdditional: false, allErrors: false },
    plugins: [addFormats.default ?? addFormats],
  },
});

// A body is read as bytes first, since its digest is that of the bytes; it is JSON once the caller is known.
app.removeAllContentTypeParsers();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request, body) => body);
app.decorateRequest('rawBody', undefined);
app.decorateRequest('programme', undefined);
app.decorateRequest('record', undefined);

function parse(body) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    throw new Problem(400, 'the body is no JSON');
  }
}

const isModifying = ({ method }) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method);

/** The way of each call but those that make it possible: who, whether signed, whether new, and what it says. */
async function admit(request, reply) {
  request.programme = await access.authenticate(request);
  if (request.body?.length > 0) request.rawBody = request.body;
  await access.verify(request);
  if (isModifying(request)) {
    const answered = await idempotency.begin(request, reply);
    if (answered !== undefined) return answered;
  }
  if (request.body !== undefined) request.body = parse(request.body);
  if (fault('null-body-throws') && request.body !== undefined) request.log.info(request.body.type);
  if (!fault('ids-with-case')) {
    for (const [name, id] of Object.entries(request.params)) request.params[name] = id.toLowerCase();
  }
  return undefined;
}

app.addHook('onSend', async (request, reply, payload) => {
  await idempotency.finish(request, reply, payload);
  return payload;
});

app.setErrorHandler((error, request, reply) => {
  const isPath = error.validationContext === 'params';
  const status = isPath ? readings.malformedId : (error.statusCode ?? 500);
  const said = fault('stack-shown') ? error.stack : error.message;
  const detail = status < 500 ? said : 'that is our fault';
  reply.code(status).type('application/problem+json').send(JSON.stringify({ title: 'refused', status, detail }));
});
app.setNotFoundHandler((request, reply) => {
  reply.code(404).type('application/problem+json').send(JSON.stringify({ title: 'no such path', status: 404 }));
});

app.register(
  async (open) => {
    open.addHook('preValidation', async (request) => {
      if (request.body !== undefined) request.body = parse(request.body);
    });
    open.post('/auth/token', { schema: { body: schemas.login } }, ({ body }) => access.login(programmes, body));
    open.put('/auth/signing', { schema: { body: schemas.signingKey } }, async (request) =>
      access.registerKey(await access.authenticate(request), request.body),
    );
  },
  { prefix: PREFIX },
);

app.register(
  async (api) => {
    api.addHook('preValidation', admit);
    api.delete('/auth/signing', async ({ programme }, reply) => {
      access.forgetKey(programme);
      return reply.code(204).send();
    });

    // How accounts come into being here: with a customer.
    api.post('/customers', async ({ programme }, reply) => {
      return reply.code(201).send({ accounts: [{ accountId: cards.openAccount(programme), currency: 'EUR' }] });
    });

    const ofAccount = { params: schemas.accountPath };
    api.post(
      '/accounts/:accountId/cards',
      { schema: { ...ofAccount, body: schemas.cardRequest } },
      async ({ programme, params, body }, reply) => {
        return reply.code(201).send(await cards.create(programme, params.accountId, body));
      },
    );
    api.get('/accounts/:accountId/cards', { schema: ofAccount }, ({ programme, params }) =>
      cards.list(programme, params.accountId),
    );

    const ofCard = { schema: { params: schemas.cardPath } };
    api.get('/cards', ({ programme }) => cards.list(programme));
    api.get('/cards/:cardId', ofCard, ({ programme, params }) => cards.read(programme, params.cardId));
    const changing = (name) => async (request, reply) => {
      const card = await cards.change(request.programme, request.params.cardId, name);
      return readings.success === 200 ? card : reply.code(204).send();
    };
    api.patch('/cards/:cardId/activate', ofCard, changing('activate'));
    api.patch('/cards/:cardId/deactivate', ofCard, changing('deactivate'));
    api.delete('/cards/:cardId', ofCard, changing('terminate'));

    api.put('/webhooks', { schema: { body: schemas.webhookRequest } }, async ({ programme, body }) =>
      webhooks.subscribe(programme, body),
    );
    api.get('/webhooks', async ({ programme }) => webhooks.all(programme));
    api.get('/webhooks/:id', async ({ programme, params }) => webhooks.one(programme, params.id));
    api.delete('/webhooks/:id', async ({ programme, params }, reply) => {
      webhooks.unsubscribe(programme, params.id);
      return reply.code(204).send();
    });
  },
  { prefix: PREFIX },
);

// Somebody else's, which must stay out of reach.
const theirs = cards.openAccount('theirs', 'b0a7f2de-5f5a-4a43-9e0e-6d3a3c1c7a01');
const address = { firstLine: '1 Rue Haute', city: 'Paris', country: 'FR', postCode: '75001' };
await cards.create('theirs', theirs, { type: 'virtual', billingAddress: address }, 'b0a7f2de-5f5a-4a43-9e0e-6d3a3c1c7a02');

const origin = await app.listen({ host: '127.0.0.1', port: Number(PORT) });
console.log(`${origin}${PREFIX}`);
