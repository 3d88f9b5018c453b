import { IsBoolean, IsString, MaxLength, MinLength } from 'class-validator';
import { Setting } from '../config/setting.js';

/** The account that makes an empty embedded database usable at once. */
export class DemoSettings {
  @Setting({
    env: 'DEMO_DATA',
    type: 'boolean',
    productionDefault: 'false',
    description:
      'Creates the user demo (demo@rapport.local) when an embedded database is empty. Never in production.',
  })
  @IsBoolean()
  enabled = true;

  @Setting({ env: 'DEMO_PASSWORD', description: 'Password of the demo user.' })
  @IsString()
  @MinLength(8)
  @MaxLength(200)
  password = 'rapport-demo';
}
