import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { tap, type Observable } from 'rxjs';
import type { Page } from './page.dto.js';

/** Repeats a page's cursors as RFC 8288 `Link` headers, with the same filters. */
@Injectable()
export class PageLinksInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    return next.handle().pipe(
      tap((body: unknown) => {
        const links = isPage(body) ? linksOf(http.getRequest<FastifyRequest>().url, body) : '';
        if (links !== '') http.getResponse<FastifyReply>().header('link', links);
      }),
    );
  }
}

const isPage = (body: unknown): body is Page<unknown> =>
  typeof body === 'object' &&
  body !== null &&
  'items' in body &&
  'nextCursor' in body &&
  'prevCursor' in body;

function linksOf(url: string, { nextCursor, prevCursor }: Page<unknown>): string {
  const [path = '', query = ''] = url.split('?', 2);
  const link = (cursor: string | null, rel: string): string[] => {
    if (cursor === null) return [];
    const parameters = new URLSearchParams(query);
    parameters.set('cursor', cursor);
    return [`<${path}?${parameters.toString()}>; rel="${rel}"`];
  };
  return [...link(nextCursor, 'next'), ...link(prevCursor, 'prev')].join(', ');
}
