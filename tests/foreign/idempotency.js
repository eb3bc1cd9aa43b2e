// Idempotency keys: what is done once under a key is answered alike for an hour.

import { createHash } from 'node:crypto';
import { validate } from 'uuid';
import { fault } from './faults.js';
import { Problem } from './problem.js';
import { readings } from './readings.js';

const HOUR = 3_600_000;

const records = new Map(); // programme and key (and call, where keys are counted apart) → { print, done, answer }

/** Before the call: its answer, if it was made already. */
export async function begin(request, reply) {
  const key = request.headers['idempotency-key'];
  if (!validate(key)) throw new Problem(400, 'Idempotency-Key is missing, or no UUID');
  const name = nameOf(request, key);
  const record = records.get(name);
  if (record === undefined || record.until < Date.now()) {
    request.record = recordOf(name, printOf(request));
    if (!fault('key-recorded-late')) records.set(name, request.record);
    return undefined;
  }
  const isSame = record.print === printOf(request) || fault('key-ignores-payload');
  if (!isSame) throw new Problem(422, 'this key came with another request');
  if (record.answer === undefined && readings.whileInFlight === 409) throw new Problem(409, 'the first is in flight');
  const answer = await record.done;
  if (answer === undefined) return begin(request, reply);
  return reply.code(answer.status).headers(answer.headers).send(answer.payload);
}

/** After the call: its answer is kept, unless it is to be tried afresh. */
export async function finish(request, reply, payload) {
  const { record } = request;
  if (record === undefined) return;
  const isKept = reply.statusCode < (readings.refusalRetried === 'replayed' ? 500 : 400);
  records.set(record.name, record);
  if (isKept) record.answer = { status: reply.statusCode, headers: kept(reply), payload };
  else records.delete(record.name);
  record.settle(record.answer);
}

function recordOf(name, print) {
  const record = { name, print, until: Date.now() + HOUR };
  record.done = new Promise((resolve) => {
    record.settle = resolve;
  });
  return record;
}

function nameOf({ programme, method, url }, key) {
  const call = readings.keyElsewhere === 'refused' ? '' : `${method} ${url.toLowerCase()}`;
  return `${programme} ${fault('key-with-case') ? key : key.toLowerCase()} ${call}`;
}

/** What two requests under one key must have in common. */
function printOf({ method, url, rawBody = '' }) {
  const call = fault('key-ignores-path') ? '' : `${method} ${url.toLowerCase()}`;
  return createHash('sha256').update(`${call}\n`).update(rawBody).digest('hex');
}

function kept(reply) {
  const type = reply.getHeader('content-type');
  return type === undefined ? {} : { 'content-type': type };
}
