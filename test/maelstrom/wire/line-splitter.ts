// Cuts a stream of text into lines. A line beyond the limit is an error: whoever writes it does not speak this protocol.

export class LineSplitter {
  /** UTF-16 units of one line; beyond, `push` throws. */
  static readonly lineUnitsMax: number = 16 << 20;

  #rest = '';

  /** The lines that `chunk` completes. @throws Error when a line is too long. */
  push(chunk: string): string[] {
    const lines = chunk.split('\n');
    lines[0] = this.#rest + (lines[0] ?? '');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LineSplitter.lineUnitsMax) throw new Error(`a line has more than ${LineSplitter.lineUnitsMax} characters`);
    return lines.filter((line) => line !== '');
  }
}
