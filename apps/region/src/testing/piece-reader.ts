/** Reads the pieces of a streamed answer that a separator ends. */
export class PieceReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #separator: string;
  #text = '';

  constructor(response: Response, separator: string) {
    if (response.body === null) throw new Error('the stream has no body');
    this.#separator = separator;
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next piece; undefined when the stream has ended. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf(this.#separator);
      if (end >= 0) {
        const piece = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + this.#separator.length);
        return piece;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
