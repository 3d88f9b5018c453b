import { describeConnecting } from './grants/connecting.contract.js';
import { describeEnding } from './grants/ending.contract.js';
import { describeFaultyPlatforms } from './grants/faulty-platforms.contract.js';
import { describeRenewing } from './grants/renewing.contract.js';
import { describeSecrets } from './grants/secrets.contract.js';
import { GrantsWorld } from './grants/grants-world.js';

let world: GrantsWorld;
beforeAll(async () => {
  world = await GrantsWorld.start();
}, 120_000);
afterAll(() => world?.stop());

const started = (): GrantsWorld => world;
describeConnecting(started);
describeEnding(started);
describeRenewing(started);
describeFaultyPlatforms(started);
describeSecrets(started);
