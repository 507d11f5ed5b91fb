/**
 * The authors whose edits arrive by their own logs and are not taken from clients ahead of them: content that a document lacks
 * under one of these identities is `update_incomplete` until its op has arrived.
 */
export interface LogAuthors {
  hasYjsClient(clientId: number): boolean;
  hasAutomergeActor(actor: string): boolean;
}
