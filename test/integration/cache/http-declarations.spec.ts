import {
  Controller,
  Get,
  Head,
  Header,
  Injectable,
  Next,
  Post,
  Redirect,
  Render,
  Res,
  SetMetadata,
  Sse,
  type Type,
} from '@nestjs/common';
import { EMPTY, type Observable } from 'rxjs';
import {
  CacheDeclarationError,
  CacheResponse,
  defineCache,
  type CachedResponse,
  type CacheOptions,
  type CacheResponseOptions,
  type HttpRequest,
} from '../../../libs/cache/src/index.js';
import { startCachedApp } from './http-app.js';

const wrongPage = defineCache<[], CachedResponse>({ name: 'wrong', key: () => [], ttl: '1h' });
const key = (): [] => [];
const Cached = (options: Partial<CacheResponseOptions<[]>> = {}): MethodDecorator =>
  CacheResponse(wrongPage, { key, ...options });

describe('options that contradict each other stop the class from loading', () => {
  it.each<[Partial<CacheResponseOptions<[]>>, RegExp]>([
    [{ public: true, principal: () => 'ada' }, /both public and principal.*remove one/],
    [{ sharedMaxAge: '1m' }, /sharedMaxAge without public/],
    [{ mustRevalidate: true, staleWhileRevalidate: '1m' }, /both mustRevalidate and staleWhileRevalidate/],
    [{ key: undefined }, /needs a key function/],
    [{ vary: ['Authorization'] }, /"authorization" in vary.*principal/],
    [{ vary: ['cookie'] }, /"cookie" in vary.*principal/],
    [{ vary: ['*'] }, /"\*" in vary or headers/],
    [{ headers: ['set-cookie'] }, /"set-cookie" in vary or headers/],
    [{ maxBytes: 0 }, /maxBytes/],
    [{ maxAge: 'soon' }, /cache "wrong": @CacheResponse maxAge is "soon"/],
  ])('%j', (options, message) => {
    expect(() => Cached(options)).toThrow(CacheDeclarationError);
    expect(() => Cached(options)).toThrow(message);
  });

  it('a class, a static method and a second decorator', () => {
    class Target {
      static find(): string {
        return '';
      }

      find(): string {
        return '';
      }
    }
    const on = (target: object): void => {
      const descriptor = Object.getOwnPropertyDescriptor(target, 'find')!;
      Cached()(target, 'find', descriptor);
      Object.defineProperty(target, 'find', descriptor);
    };
    expect(() => on(Target)).toThrow(/goes on the @Get methods of controllers/);
    on(Target.prototype);
    expect(() => on(Target.prototype)).toThrow(/Target.find has two @CacheResponse/);
  });
});

@Controller()
class PostController {
  @Post()
  @Cached()
  find(): string {
    return '';
  }
}

@Controller()
class HeadController {
  @Cached()
  @Head()
  find(): string {
    return '';
  }
}

@Controller()
class StreamController {
  @Sse()
  @Cached()
  find(): Observable<never> {
    return EMPTY;
  }
}

@Controller()
class RenderController {
  @Get()
  @Render('page')
  @Cached()
  find(): object {
    return {};
  }
}

@Controller()
class RedirectController {
  @Redirect('/there')
  @Cached()
  @Get()
  find(): void {}
}

@Controller()
class ResponseController {
  @Get()
  @Cached()
  find(@Res() _response: unknown): void {}
}

@Controller()
class NextController {
  @Get()
  @Cached()
  find(@Next() _next: unknown): void {}
}

@Controller()
class NoStoreController {
  @Get()
  @Header('Cache-Control', 'no-store')
  @Cached()
  find(): string {
    return '';
  }
}

@Controller()
class VaryController {
  @Get()
  @Header('Vary', 'Accept-Language')
  @Cached()
  find(): string {
    return '';
  }
}

@Controller()
class TwiceController {
  @Get('one')
  @Cached()
  one(): string {
    return '';
  }

  @Get('two')
  @Cached()
  two(): string {
    return '';
  }
}

@Injectable()
class NoController {
  @Cached()
  find(): string {
    return '';
  }
}

describe('routes that cannot be cached stop the boot', () => {
  it.each<[Type<unknown>, RegExp]>([
    [PostController, /cache "wrong": PostController.find is no @Get route/],
    [HeadController, /HeadController.find is no @Get route/],
    [StreamController, /StreamController.find is an event stream/],
    [RenderController, /@Render or @Redirect/],
    [RedirectController, /@Render or @Redirect/],
    [ResponseController, /use @Res\(\{ passthrough: true \}\)/],
    [NextController, /use @Res\(\{ passthrough: true \}\)/],
    [NoStoreController, /@Header\('Cache-Control', 'no-store'\)/],
    [VaryController, /add it to vary: \['accept-language'\]/],
    [TwiceController, /TwiceController.one and TwiceController.two would answer with each other's responses/],
  ])('%p', async (controller, message) => {
    await expect(startCachedApp('fastify', { controllers: [controller] })).rejects.toThrow(message);
  });

  it.each<[Partial<CacheOptions<[], CachedResponse>>, RegExp]>([
    [{ stale: '1m' }, /cache "moving": stale needs loads in the background/],
    [{ refreshAhead: 0.5 }, /refreshAhead needs loads in the background/],
    [{ ttl: () => '1m' }, /ttl is a function/],
  ])('a cache with %o', async (options, message) => {
    const movingPage = defineCache<[], CachedResponse>({
      name: 'moving',
      key: () => [],
      ttl: '1h',
      ...options,
    });

    @Controller()
    class MovingController {
      @Get()
      @CacheResponse(movingPage, key)
      find(): string {
        return '';
      }
    }

    await expect(startCachedApp('fastify', { controllers: [MovingController] })).rejects.toThrow(message);
  });

  it('a provider, which has no routes', async () => {
    const booting = startCachedApp('fastify', { controllers: [], providers: [NoController] });
    await expect(booting).rejects.toThrow(/NoController.find is no route.*use @Cacheable/);
  });
});

it('the compiler checks that the key function makes the arguments of the cache', () => {
  const onePage = defineCache<[id: string], CachedResponse>({ name: 'one', key: (id) => [id], ttl: '1h' });
  const values = defineCache<[id: string], string>({ name: 'values', key: (id) => [id], ttl: '1h' });
  const id = (request: HttpRequest<{ id: string }>): [string] => [request.params.id];
  CacheResponse(onePage, id);
  CacheResponse(onePage, { key: id, principal: (request: HttpRequest<{ id: string }>) => request.params.id });
  // @ts-expect-error: the cache has one argument
  CacheResponse(onePage, () => []);
  // @ts-expect-error: which is a text
  CacheResponse(onePage, { key: () => [1] });
  // @ts-expect-error: the cache is not one of responses
  CacheResponse(values, id);
  expect(onePage.name).toBe('one');
});

describe('a decorated method', () => {
  const rolesPage = defineCache<[], CachedResponse>({ name: 'roles', key: () => [], ttl: '1h' });

  class RolesController {
    @SetMetadata('below', 1)
    @CacheResponse(rolesPage, key)
    @SetMetadata('above', 2)
    find(first: string, second = 'b'): string {
      return first + second;
    }
  }

  it('keeps its name, its length and what other decorators say of it', () => {
    const { find } = RolesController.prototype;
    expect([find.name, find.length]).toEqual(['find', 1]);
    expect([Reflect.getMetadata('below', find), Reflect.getMetadata('above', find)]).toEqual([1, 2]);
  });

  it('is called as it is outside of a request', () => {
    expect([new RolesController().find('a'), new RolesController().find('a', 'c')]).toEqual(['ab', 'ac']);
  });
});
