"use strict";
// The schema of HAR 1.2, by the validator of others.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { har } = createRequire(process.cwd() + "/")("har-validator");

har(JSON.parse(readFileSync(process.argv[2], "utf8"))).catch((error) => {
  console.error(JSON.stringify(error.errors, null, 1));
  process.exit(1);
});
