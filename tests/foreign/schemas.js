// What bodies and paths must look like, for ajv.

import iso from 'iso-3166-1';
import { fault } from './faults.js';
import { readings } from './readings.js';

const text = {
  type: readings.nullMembers === 'accepted' ? ['string', 'null'] : 'string',
  ...(readings.emptyStrings === 'refused' && { minLength: 1 }),
  ...(readings.longestString !== null && { maxLength: readings.longestString }),
};
const needed = { ...text, type: 'string' };
const isClosed = { additionalProperties: readings.furtherMembers !== 'refused' };

const countries = iso.all().map(({ alpha2 }) => alpha2);

const address = {
  type: 'object',
  required: ['firstLine', 'city', 'country', 'postCode'],
  properties: {
    firstLine: needed,
    secondLine: text,
    city: needed,
    state: text,
    country: fault('country-by-shape') ? { type: 'string', pattern: '^[A-Z]{2}$' } : { enum: countries },
    postCode: needed,
  },
  ...isClosed,
};

export const cardRequest = {
  type: 'object',
  required: ['type', 'billingAddress'],
  properties: {
    type: { enum: ['virtual', 'physical'] },
    billingAddress: address,
    shippingAddress: address,
  },
  if: { properties: { type: { const: 'physical' } } },
  then: { required: ['shippingAddress'] },
  ...isClosed,
};

export const webhookRequest = {
  type: 'object',
  required: ['callbackUrl', 'types'],
  properties: {
    id: { type: 'string' },
    callbackUrl: { type: 'string', format: 'uri' },
    types: {
      type: 'array',
      items: {
        enum: ['customer.updated', 'account.updated', 'card.updated', 'authorisation.updated', 'transaction.updated'],
      },
    },
  },
};

export const login = {
  type: 'object',
  required: ['apiKey', 'apiSecret'],
  properties: { apiKey: { type: 'string' }, apiSecret: { type: 'string' } },
};

export const signingKey = { type: 'object', required: ['publicKey'], properties: { publicKey: { type: 'string' } } };

export const cardPath = idIn('cardId');
export const accountPath = idIn('accountId');

function idIn(name) {
  return { type: 'object', properties: { [name]: { type: 'string', format: 'uuid' } } };
}
