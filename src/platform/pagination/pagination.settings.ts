import { IsString } from 'class-validator';
import { Setting } from '../../config/setting.js';

export class PaginationSettings {
  @Setting({
    env: 'PAGINATION_SECRET',
    secret: true,
    generate: 'base64-32-bytes',
    description: 'Signs list cursors. The same on every instance; changing it makes open cursors invalid.',
  })
  @IsString()
  secret = '';
}
