// Mistakes that partners make, one of which may be planted by the environment variable FAULT. What each must be found by
// stands in faults.json, which the tests read too.

import { readFileSync } from 'node:fs';

const known = JSON.parse(readFileSync(new URL('faults.json', import.meta.url), 'utf8'));
const planted = process.env.FAULT ?? '';

if (planted !== '' && !known.some(({ name }) => name === planted)) {
  throw new Error(`there is no fault ${planted}: ${known.map(({ name }) => name).join(', ')}`);
}

/** Whether this mistake is made. */
export function fault(name) {
  if (!known.some((one) => one.name === name)) throw new Error(`faults.json doesn't have ${name}`);
  return planted === name;
}
