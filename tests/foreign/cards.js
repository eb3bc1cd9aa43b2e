// Cards: their life, the limit, and how they are shown.

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import { v7 as uuid } from 'uuid';
import { fault } from './faults.js';
import { Problem } from './problem.js';
import { readings } from './readings.js';
import { publish } from './webhooks.js';

const accounts = new Map(); // id → { id, programme, turn }
const cards = new Map(); // id → the row, in the order in which they were made
const cache = new Map(); // what list-from-cache takes for true

/** As long as a look into a database takes. */
const database = () => sleep(randomInt(readings.latencyMs + 1));

export function openAccount(programme, id = uuid()) {
  accounts.set(id, { id, programme, turn: new Mutex() });
  return id;
}

/** Whatever changes cards of an account waits for its turn. */
function inTurn(account, change) {
  return account.turn.runExclusive(change);
}

export async function create(programme, accountId, request, id = uuid()) {
  const account = own(accounts.get(accountId), programme);
  const make = async () => {
    const rival = await holder(account, request.type);
    const isOver = rival !== undefined;
    if (isOver && readings.overLimit !== 'fails later') {
      throw new Problem(readings.overLimit, `the account has a ${request.type} card`);
    }
    return insert(account, id, request, isOver);
  };
  return show(await (fault('limit-race') ? make() : inTurn(account, make)));
}

/** A card of the account that holds the slot of this type. */
async function holder(account, type) {
  await database();
  const isOfType = (card) => card.type === type || fault('types-counted-together');
  return [...cards.values()].find((card) => card.account === account && isOfType(card) && holds(card));
}

function holds({ status, isOver }) {
  if (status === 'issuing') return !isOver;
  if (status === 'terminated') return !readings.terminatedFreesSlot;
  if (status === 'issue_failed') return !readings.failedFreesSlot;
  if (status === 'inactive') return !fault('inactive-frees-slot');
  return status !== 'blocked';
}

async function insert(account, id, { type, billingAddress, shippingAddress }, isOver) {
  const now = Date.now();
  const pan = freshNumber(type === 'virtual' ? '400000' : '510000');
  const card = {
    id,
    account,
    type,
    billingAddress: stored(billingAddress),
    shippingAddress,
    status: 'issuing',
    isOver,
    pan,
    expires: new Date(now + 4 * 365 * 86_400_000),
    issued: false,
    createdAt: now,
    updatedAt: now,
  };
  await database();
  cards.set(card.id, card);
  if (readings.creationReported) publish(account.programme, show(card));
  setTimeout(() => inTurn(account, () => issue(card)), readings.issuanceMs);
  return card;
}

function stored(address) {
  return fault('address-cut') ? { ...address, city: address.city.slice(0, 30) } : address;
}

/** A card number that passes the Luhn check. */
function freshNumber(prefix) {
  const digits = `${prefix}${String(randomInt(1e9)).padStart(9, '0')}`;
  const doubled = [...digits].map((digit, index) => Number(digit) * (index % 2 === 0 ? 2 : 1));
  const sum = doubled.reduce((total, value) => total + (value > 9 ? value - 9 : value), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** The bureau has answered. */
function issue(card) {
  if (card.status === 'issuing') move(card, card.isOver ? 'issue_failed' : 'active');
}

/** The card moves on, and whoever subscribed is told. */
function move(card, status) {
  const isReturn = card.status === 'inactive' && status === 'active';
  card.status = status;
  card.issued ||= status === 'active';
  if (!fault('updated-at-forgotten')) card.updatedAt = Math.max(Date.now(), card.updatedAt);
  if (!(fault('reactivation-untold') && isReturn)) publish(card.account.programme, show(card));
}

const calls = {
  deactivate: { from: ['active'], to: 'inactive', repeated: readings.repeatDeactivate },
  activate: { from: ['inactive'], to: 'active', repeated: readings.repeatActivate },
  terminate: { from: ['active', 'inactive', 'suspended'], to: 'terminated', repeated: readings.repeatTerminate },
};
if (readings.terminateIssuing) calls.terminate.from.push('issuing');
if (fault('terminated-revives')) calls.activate.from.push('terminated');

/** Activate, deactivate or terminate. */
export async function change(programme, cardId, name) {
  const card = own(cards.get(cardId), programme);
  const { from, to, repeated } = calls[name];
  return inTurn(card.account, async () => {
    await database();
    const { status } = card;
    const isAllowed = from.includes(status);
    if (isAllowed || (fault('refused-but-done') && status === 'issuing')) move(card, to);
    if (!isAllowed && status !== to) throw new Problem(readings.badTransition, `it can't ${name}, being ${status}`);
    if (!isAllowed && repeated >= 400) throw new Problem(repeated, `the card is ${to} already`);
    if (fault('siblings-too')) siblings(card).forEach((sibling) => from.includes(sibling.status) && move(sibling, to));
    return show(card);
  });
}

const siblings = (card) => [...cards.values()].filter((other) => other.account === card.account);

export async function read(programme, cardId) {
  await database();
  return show(own(cards.get(cardId), fault('not-ours-readable') ? cards.get(cardId)?.account.programme : programme));
}

/** The cards of an account, or of the programme if none is named. */
export async function list(programme, accountId) {
  await database();
  const account = accountId === undefined ? undefined : own(accounts.get(accountId), programme);
  if (fault('list-from-cache') && cache.has(accountId)) return cache.get(accountId);
  const found = [...cards.values()]
    .filter((card) => card.account.programme === programme && (account ?? card.account) === card.account)
    .filter(({ status }) => status !== 'terminated' || readings.terminatedInLists)
    .filter(({ status }) => status !== 'issue_failed' || readings.failedInLists)
    .map(show);
  if (accountId !== undefined) cache.set(accountId, found);
  return fault('first-page-only') && accountId !== undefined ? found.slice(0, 1) : found;
}

/** An account or a card, if it is there and the programme's own. */
function own(found, programme) {
  if (found === undefined) throw new Problem(404, 'there is no such thing');
  const owner = found.programme ?? found.account.programme;
  if (owner !== programme) throw new Problem(readings.foreignId, 'that is not yours');
  return found;
}

/** The card as others may see it. */
function show(card) {
  return {
    id: card.id,
    accountId: card.account.id,
    type: card.type,
    status: card.status,
    billingAddress: { secondLine: null, state: null, ...card.billingAddress },
    ...printed(card),
    createdAt: time(card.createdAt),
    updatedAt: time(card.updatedAt),
    _links: { self: `/cards/${card.id}` },
    ...(fault('whole-row-shown') && { pan: card.pan }),
  };
}

/** What stands on the card, once there is one. */
function printed(card) {
  const month = String(card.expires.getUTCMonth() + 1).padStart(2, '0');
  const text = {
    name: 'CARD HOLDER',
    network: card.pan.startsWith('4') ? 'visa' : 'mastercard',
    maskedPan: `${card.pan.slice(0, 6)}******${card.pan.slice(-4)}`,
    expirationDate: `${month}/${card.expires.getUTCFullYear()}`,
  };
  if (card.issued || readings.beforeIssuance === 'present') return text;
  if (readings.beforeIssuance === 'absent') return {};
  return Object.fromEntries(Object.keys(text).map((name) => [name, null]));
}

function time(ms) {
  const zone = readings.timeZone;
  const text = new Date(zone === 'Z' ? ms : ms + 3_600_000).toISOString();
  const [seconds, fraction] = text.slice(0, -1).split('.');
  return `${seconds}${readings.fraction > 0 ? `.${fraction}` : ''}${zone}`;
}
