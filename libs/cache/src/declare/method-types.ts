/** What can be decorated: methods that return a promise. */
export type AsyncMethod = (...args: never[]) => Promise<unknown>;

/** Resolves to `unknown` when a function of `Args` can be called with the method's arguments. */
export type TakesArgumentsOf<Method extends AsyncMethod, Args extends readonly unknown[]> = ((
  ...args: Args
) => void) extends (...args: Parameters<Method>) => void
  ? unknown
  : { readonly 'the key function does not take the arguments of this method': Parameters<Method> };

/** Resolves to `unknown` when the method's own arguments are the cache's arguments, none left out of the key. */
export type HasArgumentsOf<Method extends AsyncMethod, Args extends readonly unknown[]> =
  Parameters<Method> extends Args
    ? unknown
    : { readonly 'the arguments of this method are not those of the cache; add a key function': Args };

/** Resolves to `unknown` when the method returns values of the cache. */
export type ReturnsValueOf<Method extends AsyncMethod, Value> =
  Awaited<ReturnType<Method>> extends Value
    ? unknown
    : { readonly 'this method does not return the values of the cache': Value };

/** Decorates a method whose arguments a key function takes. */
export type KeyedMethodDecorator<Args extends readonly unknown[]> = <Method extends AsyncMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> & TakesArgumentsOf<Method, Args>,
) => void;

/** Decorates a method whose arguments a key function takes and whose result is a value of the cache. */
export type KeyedReadDecorator<Args extends readonly unknown[], Value> = <Method extends AsyncMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> &
    TakesArgumentsOf<Method, Args> &
    ReturnsValueOf<Method, Value>,
) => void;

/** Decorates a method with exactly the arguments and the result of the cache. */
export type ReadDecorator<Args extends readonly unknown[], Value> = <Method extends AsyncMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> & HasArgumentsOf<Method, Args> & ReturnsValueOf<Method, Value>,
) => void;

/** Decorates any method that returns a promise. */
export type AnyMethodDecorator = <Method extends AsyncMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

declare const neverGiven: unique symbol;

/**
 * An overload that is tried first decides how TypeScript reads the literals in its argument, even when it does not
 * match. As an alternative of that overload's parameter, this lets `[id]` inside an object be read as the tuple that
 * the next overload wants; nothing can match it.
 */
export type ReadLiteralsLike<Target> = Target & { readonly [neverGiven]: never };
