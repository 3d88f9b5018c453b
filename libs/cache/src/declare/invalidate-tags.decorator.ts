import { MethodPlan } from './method-plan.js';
import type { KeyedMethodDecorator } from './method-types.js';

/**
 * Drops every entry that carries one of the tags, in any cache, once the method succeeded. Costs the same however
 * many entries there are. Inside a transaction it waits for the outermost commit.
 *
 * @example
 * @InvalidateTags((characterId: string) => [`character:${characterId}`])
 * archive(characterId: string): Promise<void> { … }
 */
export function InvalidateTags<Given extends unknown[]>(
  tagsOf: (...args: Given) => readonly string[],
): KeyedMethodDecorator<Given> {
  return (owner, property, descriptor) => {
    MethodPlan.of(owner, property, descriptor).write({
      caches: [],
      when: 'after',
      async prepare(engine, args) {
        const tags = (tagsOf as (...given: unknown[]) => readonly string[])(...args);
        return engine.writer.announce(engine.tagsOf(tags));
      },
    });
  };
}
