import { parseSettingText } from '../../config/setting-text.js';
import type { Provider } from './provider.js';

const LIMIT = /^(?<platform>[a-z][a-z\d-]{0,31})=(?<requests>[1-9]\d{0,8})\/(?<window>[\d.]+(?:ms|s|m|h|d))$/;
const LONGEST_MS = 31 * 86_400_000;

/** Whether a text says so many requests in so long, e.g. `spotify=600/30s`. */
export const isProviderLimit = (text: unknown): boolean => limitOf(String(text)) !== undefined;

/** A platform with the limit of CONNECTOR_LIMITS in place of the documented one. */
export function withLimits(provider: Provider, limits: readonly string[]): Provider {
  const own = limits.map(limitOf).find((limit) => limit?.platform === provider.platform);
  if (!own) return provider;
  const { requests, windowMs } = own;
  return { ...provider, api: { ...provider.api, limit: { ...provider.api.limit, requests, windowMs } } };
}

function limitOf(text: string): { platform: string; requests: number; windowMs: number } | undefined {
  const { platform, requests, window } = LIMIT.exec(text)?.groups ?? {};
  const windowMs = parseSettingText('duration', window ?? '');
  if (platform === undefined || typeof windowMs !== 'number' || windowMs < 1 || windowMs > LONGEST_MS)
    return undefined;
  return Number(requests) > windowMs * 1_000 ? undefined : { platform, requests: Number(requests), windowMs };
}
