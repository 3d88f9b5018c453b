import { Injectable } from '@nestjs/common';
import { aiErrors } from './ai.errors.js';
import { AiSettings } from './ai.settings.js';
import type { AiHealth, AiModel, ReplyChunk, ReplyRequest } from './ai.types.js';
import { OfflineResponder } from './offline/offline.responder.js';
import type { ModelProvider } from './providers/model.provider.js';
import { OpenAiCompatibleProvider } from './providers/openai-compatible.provider.js';

const CHECK_DEADLINE_MS = 1_000;
/** Probes come every few seconds from several places; the model server sees one question in this time. */
const CHECK_KEPT_MS = 10_000;

/** The one door to models. Replies are never cached. */
@Injectable()
export class AiService {
  readonly mode: 'offline' | 'url';
  private readonly provider: ModelProvider;
  private checked?: { atMs: number; result: Promise<AiHealth> };

  constructor(
    private readonly settings: AiSettings,
    offline: OfflineResponder,
    remote: OpenAiCompatibleProvider,
  ) {
    this.mode = settings.baseUrl === undefined ? 'offline' : 'url';
    this.provider = this.mode === 'offline' ? offline : remote;
  }

  /** For the start-up banner and the health page; holds no secret. */
  get description(): string {
    return this.provider.description;
  }

  /**
   * The reply, piece by piece. Nothing is asked of the model before the first piece is pulled; leaving the loop early
   * or aborting the signal closes the connection.
   *
   * @throws AppError `model-not-available` at the call; `upstream-failed` or `upstream-timeout` from the iteration.
   */
  stream(request: ReplyRequest): AsyncIterable<ReplyChunk> {
    return this.provider.stream({ ...request, model: this.modelFor(request.model) });
  }

  /** As {@link stream}, from a model of the service's own choice, which need not be one that requests may name. */
  judge(request: ReplyRequest): AsyncIterable<ReplyChunk> {
    return this.provider.stream(request);
  }

  /** Whether replies can be had now; asked at most every 10 s and answered within one. */
  check(): Promise<AiHealth> {
    const nowMs = performance.now();
    if (!this.checked || nowMs - this.checked.atMs > CHECK_KEPT_MS) {
      this.checked = { atMs: nowMs, result: this.ask() };
    }
    return this.checked.result;
  }

  /** What a request may name, the one that replies by default first; none offline. */
  get models(): AiModel[] {
    if (this.mode === 'offline' || this.settings.model === undefined) return [];
    const names = new Set([this.settings.model, ...this.settings.models]);
    return [...names].map((id) => ({
      id,
      contextWindow: this.window(id),
      isDefault: id === this.settings.model,
    }));
  }

  /** Of all models that may be asked. */
  get largestWindow(): number {
    return Math.max(this.window(), ...this.models.map(({ contextWindow }) => contextWindow));
  }

  /** Tokens that prompt and reply may take together. */
  window(model?: string): number {
    return this.settings.windowOf(this.modelFor(model));
  }

  /**
   * The model that answers when this one, or none, is asked for; undefined offline.
   *
   * @throws AppError `model-not-available`
   */
  modelFor(asked?: string): string | undefined {
    if (this.mode === 'offline') return undefined;
    const { model, models } = this.settings;
    if (asked === undefined || asked === model || models.includes(asked)) return asked ?? model;
    throw aiErrors['model-not-available'](
      `"${asked}" is not one of this server’s models; choose one of ${[model, ...models].join(', ')}, or name none.`,
    );
  }

  private async ask(): Promise<AiHealth> {
    const startedMs = performance.now();
    const status = await this.provider.check(AbortSignal.timeout(CHECK_DEADLINE_MS));
    return { status, latencyMs: Math.round(performance.now() - startedMs) };
  }
}
