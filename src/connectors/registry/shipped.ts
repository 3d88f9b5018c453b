import { discord } from './providers/discord.js';
import { github } from './providers/github.js';
import { google } from './providers/google.js';
import { reddit } from './providers/reddit.js';
import { spotify } from './providers/spotify.js';
import type { Provider } from './provider.js';

/** Every platform that the service knows without being told. A new one is a file of `providers/` and a line here. */
export const SHIPPED: readonly Provider[] = [spotify, github, google, discord, reddit];
