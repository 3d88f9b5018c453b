import { Injectable } from '@nestjs/common';
import { ServerSettings } from '../../platform/http/server.settings.js';
import { connectorErrors } from '../connectors.errors.js';
import { GrantSettings } from './grants.settings.js';
import { allowedReturnUrl } from './return-urls.js';

/** Where platforms send people to, and where they are sent on to. */
@Injectable()
export class ReturnUrls {
  constructor(
    private readonly settings: GrantSettings,
    private readonly server: ServerSettings,
  ) {}

  /** As browsers read it. @throws return-url-not-allowed */
  checked(given: string, origin: string): string {
    const { returnUrls } = this.settings;
    const allowed = returnUrls.length > 0 ? returnUrls : [new URL(this.baseOf(origin)).origin];
    const url = allowedReturnUrl(given, allowed);
    if (url !== undefined) return url;
    throw connectorErrors['return-url-not-allowed'](
      `People may be sent back to ${allowed.join(', ')}; CONNECTOR_RETURN_URLS allows others.`,
    );
  }

  /** Registered with the platform. */
  callbackOf(platform: string, origin: string): string {
    return `${this.baseOf(origin)}${callbackPath(platform)}`;
  }

  /** Whether browsers reach the service over https only. */
  isSecure(origin: string): boolean {
    return this.baseOf(origin).startsWith('https:');
  }

  private baseOf(origin: string): string {
    return (this.server.publicUrl ?? origin).replace(/\/+$/, '');
  }
}

const callbackPath = (platform: string): string => `/api/connectors/${platform}/callback`;
