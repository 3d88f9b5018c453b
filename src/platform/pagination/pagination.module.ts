import { Global, Module } from '@nestjs/common';
import { Cursors } from './cursors.js';
import { Pagination } from './pagination.js';

@Global()
@Module({ providers: [Cursors, Pagination], exports: [Cursors, Pagination] })
export class PaginationModule {}
