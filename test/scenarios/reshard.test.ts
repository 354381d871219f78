/** R2, F17, L1, L3: a running fleet gets twice the shards while a user’s messages wait; they are read afterwards, in order, once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IrisClient } from '../../runtime/client/iris-client.ts';
import { runIris } from '../commands/run-iris.ts';
import { LocalFleet } from './local-fleet.ts';

it('doubles the shards of a running fleet: nothing is lost, doubled or out of order, and the next start keeps the map', async () => {
  let fleet = await LocalFleet.start('proof', 24_700);
  try {
    const users = Array.from({ length: 30 }, (_, i) => `user-${i}`);
    const edges = fleet.edgesOf('tokyo');
    const sender = await IrisClient.connect({ addresses: edges, user: 'sender' });
    for (const user of users) await sender.sendBatch(user, ['0', '1', '2']);
    const sending = (async () => {
      for (let i = 3; i < 13; i++) for (const user of users) await sender.send(user, String(i));
    })();
    const reshard = await runIris(['reshard', 'proof', '--shards', '6', '--state', fleet.state]);
    expect(reshard).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/3 to 6 shards; [\d.]+ % of the users move[\s\S]*6 shards by slot map 3; nobody is left/),
    });
    await sending;
    await sender.close();
    for (const user of users) {
      const client = await IrisClient.connect({ addresses: edges, user });
      const texts: string[] = [];
      for await (const message of client.messages()) {
        texts.push(message.text());
        client.ack(message);
        if (texts.length === 13) break;
      }
      await client.close();
      expect(texts).toEqual(Array.from({ length: 13 }, (_, i) => String(i)));
    }
    const { state } = fleet;
    await fleet.stop({ keepState: true });
    fleet = await LocalFleet.start('proof', 24_700, { state });
    expect(JSON.parse(readFileSync(join(state, 'slot-map.json'), 'utf8'))).toMatchObject({ version: 3, shards: 6 });
  } finally {
    await fleet.stop();
  }
}, 120_000);
