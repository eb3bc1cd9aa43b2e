/** A refusal: its status, and why. */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.statusCode = status;
  }
}
