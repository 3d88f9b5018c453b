import { describeAsking } from './outbound/asking.contract.js';
import { describeBadAnswers } from './outbound/bad-answers.contract.js';
import { OutboundWorld } from './outbound/outbound-world.js';
import { describeReach } from './outbound/reach.contract.js';

const world = new OutboundWorld();
beforeAll(() => world.start());
beforeEach(() => world.reset());
afterEach(() => world.closeClients());
afterAll(() => world.stop());

describeAsking(world);
describeBadAnswers(world);
describeReach(world);
