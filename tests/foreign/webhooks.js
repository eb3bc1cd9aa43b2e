// Subscriptions, and the queue by which events reach them.

import { setTimeout as sleep } from 'node:timers/promises';
import { v4 as uuid } from 'uuid';
import { fault } from './faults.js';
import { Problem } from './problem.js';

const ATTEMPTS = 5;

const hooks = new Map(); // id → { id, programme, callbackUrl, types, createdAt, updatedAt }
const queues = new Map(); // of a card → its last delivery, so that one event comes after the other

export function subscribe(programme, { id, callbackUrl, types }) {
  const now = new Date().toISOString();
  const hook = id === undefined ? { id: uuid(), programme, createdAt: now } : own(programme, id);
  Object.assign(hook, { callbackUrl, types, updatedAt: now });
  hooks.set(hook.id, hook);
  return show(hook);
}

export const one = (programme, id) => show(own(programme, id));

export const all = (programme) => [...hooks.values()].filter((hook) => hook.programme === programme).map(show);

export function unsubscribe(programme, id) {
  hooks.delete(own(programme, id).id);
}

function own(programme, id) {
  const hook = hooks.get(id);
  if (hook?.programme !== programme) throw new Problem(404, 'there is no such subscription');
  return hook;
}

function show({ id, callbackUrl, types, createdAt, updatedAt }) {
  return { id, callbackUrl, types, createdAt, updatedAt };
}

/** Whoever subscribed is told of the card as it is now. */
export function publish(programme, card) {
  const event = { webhookType: 'card.updated', eventId: uuid(), ...card };
  for (const hook of hooks.values()) {
    if (hook.programme !== programme || !hook.types.includes('card.updated')) continue;
    const before = queues.get(card.id) ?? Promise.resolve();
    queues.set(card.id, before.then(() => deliver(hook, event)));
  }
}

async function deliver(hook, event) {
  for (let attempt = 0; attempt < ATTEMPTS && hooks.has(hook.id); attempt += 1) {
    if (await isTaken(hook.callbackUrl, event)) return;
    await sleep(50 * 2 ** attempt);
  }
}

async function isTaken(url, event) {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault('fresh-event-ids') ? { ...event, eventId: uuid() } : event),
      redirect: 'error',
      signal: AbortSignal.timeout(2000),
    });
    return response.ok;
  } catch {
    return false;
  }
}
