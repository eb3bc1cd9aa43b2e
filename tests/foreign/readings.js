// How this implementation reads what the contract leaves open: its own taste, and others by the environment variable
// READINGS, a JSON object of some of these.

const usual = {
  repeatDeactivate: 204,
  repeatActivate: 204,
  repeatTerminate: 404,
  terminateIssuing: true,
  badTransition: 422,
  overLimit: 403, // 400, 403, 409, 422, or 'fails later'
  terminatedFreesSlot: true,
  failedFreesSlot: true,
  terminatedInLists: false,
  failedInLists: true,
  whileInFlight: 409, // or 'waits'
  keyElsewhere: 'refused', // or 'new request'
  refusalRetried: 'replayed', // or 'tried afresh'
  flawedAccess: 400,
  coversAll: true, // the bearer token and the key must be signed too
  signatureAge: 300, // seconds, null for any age
  malformedId: 400,
  foreignId: 403,
  beforeIssuance: 'null', // or 'absent', 'present'
  furtherMembers: 'refused', // or 'ignored'
  nullMembers: 'refused', // or 'accepted'
  emptyStrings: 'refused', // or 'accepted'
  longestString: 200, // null for any length
  creationReported: true,
  timeZone: '+01:00', // or 'Z'
  fraction: 3, // digits of a second that are printed
  success: 204, // or 200, with the card
  issuanceMs: 60,
  latencyMs: 2, // the longest that the database takes
};

const given = JSON.parse(process.env.READINGS ?? '{}');
for (const name of Object.keys(given)) {
  if (!(name in usual)) throw new Error(`there is no reading ${name}: ${Object.keys(usual).join(', ')}`);
}

export const readings = { ...usual, ...given };
