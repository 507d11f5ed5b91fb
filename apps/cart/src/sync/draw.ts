const letters = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Random characters that are easily read out. */
export function drawCharacters(length: number): string {
  return [...crypto.getRandomValues(new Uint8Array(length))].map((byte) => letters[byte % letters.length]).join('');
}
