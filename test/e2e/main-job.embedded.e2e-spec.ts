import { startModelServer, type ModelServer } from '../support/model-server.js';
import { START_MS, startEmbedded, type Service } from '../support/service.js';
import { mainJob } from './main-job.js';

let model: ModelServer;
let service: Service | undefined;

beforeAll(async () => {
  model = await startModelServer();
  service = await startEmbedded({ AI_BASE_URL: model.url, AI_MODEL: 'echo' });
}, START_MS);

afterAll(async () => {
  await service?.stop();
  await model.stop();
});

mainJob(() => {
  const { url } = service as Service;
  return { a: url, b: url };
});
