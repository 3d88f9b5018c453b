import { Injectable } from '@nestjs/common';

interface RoutePattern {
  pattern: RegExp;
  methods: Set<string>;
}

/** Which methods each path has, for the `Allow` header of a 405. Filled while routes are registered. */
@Injectable()
export class RouteTable {
  private readonly routes = new Map<string, RoutePattern>();

  add(url: string, methods: string | string[]): void {
    // Catch-alls (the preflight route of CORS) would make every unknown path look like one with a wrong method.
    if (url === '*' || url === '/*') return;
    const route = this.routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const method of [methods].flat()) route.methods.add(method);
    this.routes.set(url, route);
  }

  /** Methods of the routes that match a path, sorted; empty when there is no such path. */
  methodsOf(path: string): string[] {
    const methods = new Set<string>();
    for (const route of this.routes.values()) {
      if (route.pattern.test(path)) for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  }
}

function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((segment) => {
      if (segment.startsWith(':')) return '[^/]+';
      return segment === '*' ? '.*' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('/');
  return new RegExp(`^${source}/?$`);
}
