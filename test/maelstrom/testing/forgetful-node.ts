// A node that is wrong on purpose: it stands before a real one and acknowledges every tenth write without passing it on. What
// the driver's checkers must find.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LineSplitter } from '../wire/line-splitter.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';

const program = fileURLToPath(new URL('../node/main.js', import.meta.url));
const node = spawn(process.execPath, [program, ...process.argv.slice(2)], { stdio: ['pipe', 'inherit', 'inherit'] });
node.once('exit', (code) => process.exit(code ?? 1));

const forgetEvery = 10;
let writes = 0;

const lines = new LineSplitter();
process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
  for (const line of lines.push(chunk)) {
    const { src, dest, body } = decodeMessage(line);
    const isWrite = body.type === 'add' || body.type === 'broadcast';
    const isForgotten = isWrite && ++writes % forgetEvery === 0 && body.msg_id !== undefined;
    if (!isForgotten) node.stdin.write(`${line}\n`);
    else process.stdout.write(encodeMessage({ src: dest, dest: src, body: { type: `${body.type}_ok`, in_reply_to: body.msg_id } }));
  }
});
process.stdin.on('end', () => node.stdin.end());
