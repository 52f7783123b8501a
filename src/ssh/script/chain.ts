const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";
/** TLS libraries take 100 KB for a whole chain. */
const LONGEST_LEAF = 160 * 1024;
/** What curl prints of a chain, with keys and signatures in hex, has about six times its size. */
const MOST_BYTES = 1024 * 1024;

/**
 * curl's text of the certificates that one server sent, line by line, the server's own first. Between the PEM blocks
 * are fields that whoever made a certificate has filled in, and not every curl escapes line breaks in them.
 */
export class Chain {
  readonly transfer: number;
  readonly #count: number;
  readonly #lines: string[] = [];
  #bytes = 0;
  #length = 0;
  #begun = 0;
  #ended = 0;

  /** `count`: certificates, as curl counts them. */
  constructor(transfer: number, count: number) {
    this.transfer = transfer;
    this.#count = count;
  }

  /** More than the certificates of a server can be. */
  get isTooMuch(): boolean {
    return this.#bytes > MOST_BYTES;
  }

  take(line: string): void {
    this.skip(line.length + 1);
    if (line === BEGIN) this.#begun++;
    if (this.#begun === 1 && this.#ended === 0) {
      this.#length += line.length;
      if (this.#length <= LONGEST_LEAF) this.#lines.push(line);
    }
    if (line === END) this.#ended++;
  }

  /** Counts bytes that are not needed. */
  skip(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * PEM of the server's certificate; null if it is too long, or if there are not exactly as many blocks as
   * certificates: then one of them may stand in a field of another.
   */
  leaf(): string | null {
    const whole = this.#count > 0 && this.#begun === this.#count && this.#ended === this.#count;
    return whole && this.#length <= LONGEST_LEAF ? `${this.#lines.join("\n")}\n` : null;
  }
}
