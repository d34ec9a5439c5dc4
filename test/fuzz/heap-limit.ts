/**
 * Whether a thread that fills its heap is ended without its process: Node 24 ends the process, whatever limit the thread has
 * (nodejs/node#47224). Then it is the process that dies of the model, which the supervisor finds (test/cli/campaign.test.ts).
 */
export const threadDiesAlone: boolean = Number.parseInt(process.versions.node, 10) < 23;
