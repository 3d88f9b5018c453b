import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { createWorker, graceOf } from '../../../src/bootstrap.js';
import { readEnvironment } from '../../../src/config/environment.js';
import { runProcess } from '../../../src/process.js';
import { VERSION } from '../../../src/version.js';

await runProcess(
  () => createWorker(readEnvironment()),
  async (worker) => {
    await worker.init();
    new Logger('Rapport').log(`Rapport worker ${VERSION} is ready`);
  },
  { graceMs: graceOf },
);
