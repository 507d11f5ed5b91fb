export { type BrowserClientOptions, createClient } from './create-client.ts';
