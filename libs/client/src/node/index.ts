export { createClient, type NodeClientOptions } from './create-client.ts';
