/**
 * Two users of a running environment: alice sends, bob reads and acknowledges, and alice hears of it. Start `npx iris up proof` in another terminal, then run
 * `node examples/send-and-receive.ts 127.0.0.1:8085 127.0.0.1:8087`, two of the edges that it lists. In a project of yours, import from
 * `iris/client`.
 */
import { IrisClient } from '../runtime/client/index.ts';

const [near = '127.0.0.1:8085', far = near] = process.argv.slice(2);

const alice = await IrisClient.connect({ addresses: [near], user: 'alice' });
const receipt = await alice.send('bob', 'konnichiwa', { status: true });
process.stdout.write(`stored in ${alice.region} as ${receipt.durability}\n`);

// bob was away when the message was sent: it waits in his inbox, wherever that is.
const bob = await IrisClient.connect({ addresses: [far], user: 'bob' });
for await (const message of bob.messages()) {
  process.stdout.write(`bob reads in ${bob.region}: ${message.text()}, from ${message.sender}\n`);
  // From now on it need not be delivered again.
  bob.ack(message);
  break;
}

const isDelivered = await alice.reached(receipt, 'delivered');
process.stdout.write(`alice hears: ${isDelivered ? 'delivered' : 'not delivered yet'}\n`);
await Promise.all([alice.close(), bob.close()]);
