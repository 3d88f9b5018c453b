/** What the caches hold: an object as a service has it, about 1 KB as JSON, and nothing that JSON cannot carry. */
export interface Item {
  id: string;
  /** Tells one load from another. */
  revision: number;
  name: string;
  greeting: string;
  description: string;
  tags: string[];
  visibility: 'public' | 'private';
  createdAt: string;
  owner: { id: string; name: string };
  counts: { chats: number; likes: number; rating: number };
}

const DESCRIPTION =
  'Keeps the lighthouse at the end of the long pier and answers every letter by hand. '.repeat(8);

/** A new object each time, as a database driver returns it. */
export function makeItem(id: string, revision = 0): Item {
  return {
    id,
    revision,
    name: `Keeper ${id}`,
    greeting: 'You came all the way out here? Sit down, the kettle is on.',
    description: DESCRIPTION + id,
    tags: ['lighthouse', 'letters', 'slow', 'kind'],
    visibility: 'public',
    createdAt: '2026-03-01T10:00:00.000Z',
    owner: { id: `owner-${id}`, name: 'Harbour office' },
    counts: { chats: 1200 + revision, likes: 87, rating: 4.5 },
  };
}
