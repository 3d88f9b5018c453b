/**
 * Words by the cluster of a life that they tell of: genres, programming languages, topics and names of communities as
 * platforms use them. Lower case, single spaces, at most three words; each in one cluster. A change of this table is a
 * change of the algorithm: raise its version.
 */
export const CLUSTER_WORDS: Readonly<Record<string, string>> = {
  arts:
    'art, arts, drawing, painting, illustration, sketch, sculpture, design, graphic design, typography, photography, ' +
    'photo, photos, pixel art, digital art, watercolor, animation, crafts, craft, knitting, crochet, pottery, museum, ' +
    'architecture, calligraphy, theatre, theater, dance, ballet, creative coding, generative art, origami',
  community:
    'community, communities, social, meetup, meetups, club, friends, forum, volunteering, volunteer, charity, activism, ' +
    'askreddit, discussion, relationships, family, parenting, support group, group chat, casualconversation, lgbt, ' +
    'hangout, partnered, discoverable',
  fashion:
    'fashion, style, beauty, makeup, skincare, sneakers, streetwear, hair, jewelry, vintage clothing, ' +
    'malefashionadvice, femalefashionadvice, tattoos, nails, sewing',
  film:
    'film, films, movie, movies, cinema, television, tv, tv shows, series, anime, manga, documentary, documentaries, ' +
    'netflix, marvel, star wars, horror film, screenwriting, streaming, entertainment, comics, soundtrack, cartoon',
  finance:
    'finance, investing, stocks, personal finance, economics, economy, business, entrepreneurship, startup, startups, ' +
    'crypto, cryptocurrency, bitcoin, ethereum, blockchain, trading, real estate, marketing, wallstreetbets, fintech, ' +
    'accounting, personalfinance, defi',
  food:
    'food, cooking, recipes, recipe, baking, coffee, tea, wine, beer, vegan, vegetarian, restaurant, restaurants, ' +
    'cuisine, bbq, bread, sourdough, cocktails, mealprep, foodporn, brewing',
  gaming:
    'game, games, gaming, videogame, videogames, video game, video games, video game culture, esports, speedrun, minecraft, steam, ' +
    'nintendo, playstation, xbox, pcgaming, rpg, mmo, mmorpg, fps, board game, board games, boardgames, tabletop, dnd, ' +
    'dungeons and dragons, chess, roguelike, game development, gamedev, game engine, unity, unity3d, godot, ' +
    'unreal engine, role playing game, strategy video game, action game, puzzle video game, simulation video game, ' +
    'casual game, twitch, leagueoflegends, valorant, pokemon, fortnite',
  health:
    'health, fitness, gym, workout, yoga, pilates, meditation, mindfulness, nutrition, wellness, mental health, ' +
    'bodybuilding, weight loss, sleep, medicine, loseit, bodyweightfitness, self care, therapy, crossfit, breathwork',
  home:
    'home, diy, gardening, garden, houseplants, plants, woodworking, interior design, home improvement, ' +
    'home automation, home assistant, homelab, pets, pet, dog, dogs, cat, cats, aquarium, furniture, cleaning, ' +
    'minimalism, aww, hobby, lifestyle',
  learning:
    'learning, education, science, mathematics, math, maths, physics, chemistry, biology, astronomy, space, history, ' +
    'philosophy, psychology, linguistics, language learning, languages, books, book, reading, literature, writing, ' +
    'tutorial, tutorials, course, courses, university, study, research, knowledge, askscience, explainlikeimfive, ' +
    'todayilearned, podcast, podcasts, audiobook, audiobooks, essay, poetry, awesome list, cheatsheet, ebook, ' +
    'interview questions, academia, geography, archaeology, neuroscience, duolingo',
  music:
    'music, song, songs, album, playlist, concert, rock, pop, indie, folk, jazz, blues, soul, funk, r&b, rnb, hip hop, ' +
    'rap, trap, drill, grime, metal, punk, hardcore, grunge, emo, ska, reggae, reggaeton, dancehall, latin, salsa, ' +
    'bachata, samba, bossa nova, afrobeat, afrobeats, electronic, electronica, edm, house, techno, trance, dubstep, ' +
    'drum and bass, drum & bass, ambient, lo fi, lofi, chillhop, synthwave, synthpop, new wave, shoegaze, post punk, ' +
    'post rock, singer songwriter, acoustic, country, bluegrass, americana, gospel, classical, classical music, opera, ' +
    'orchestra, piano, guitar, k pop, kpop, j pop, jpop, city pop, disco, world music, choral, chanson, schlager, ' +
    'music production, rock music, pop music, hip hop music, electronic music, independent music, instrumental, ' +
    'listentothis, vinyl, swing, bolero, flamenco, fado, idm, downtempo, breakbeat, garage, hyperpop',
  news:
    'news, politics, political, worldnews, world news, journalism, current events, law, government, election, ' +
    'elections, society, policy, international relations, military, climate change, technology news, press, geopolitics',
  outdoors:
    'outdoors, outdoor, nature, hiking, camping, climbing, rock climbing, bouldering, mountaineering, trail running, ' +
    'kayaking, surfing, sailing, fishing, hunting, birding, wildlife, survival, bushcraft, backpacking, ultralight, ' +
    'national parks, skiing, snowboarding, animals, environment, scuba, orienteering',
  sports:
    'sport, sports, football, soccer, basketball, nba, nfl, baseball, mlb, tennis, golf, cricket, rugby, hockey, nhl, ' +
    'formula 1, formula1, formula one, motorsport, motorsports, racing, boxing, mma, ufc, wrestling, running, marathon, cycling, ' +
    'swimming, athletics, olympics, volleyball, skateboarding, martial arts, premier league, strava, triathlon',
  technology:
    'technology, tech, programming, software, coding, developer, development, web development, webdev, javascript, ' +
    'typescript, python, rust, go, golang, java, kotlin, swift, ruby, rails, php, laravel, c, c++, cpp, c#, csharp, ' +
    'dotnet, scala, haskell, elixir, erlang, clojure, lua, perl, r, julia, dart, flutter, zig, shell, bash, html, css, ' +
    'sql, nodejs, node js, deno, bun, react, reactjs, react native, vue, vuejs, angular, svelte, nextjs, nestjs, express, ' +
    'django, flask, spring, spring boot, graphql, api, database, databases, postgresql, postgres, mysql, sqlite, mongodb, ' +
    'redis, docker, kubernetes, devops, terraform, ansible, aws, azure, gcp, cloud, serverless, linux, ubuntu, nixos, ' +
    'vim, neovim, emacs, vscode, git, github, cli, command line, terminal, compiler, operating system, embedded, ' +
    'arduino, raspberry pi, raspberrypi, electronics, robotics, hardware, gadgets, android, ios, macos, apple, security, ' +
    'cybersecurity, infosec, cryptography, networking, open source, opensource, selfhosted, self hosted, sysadmin, ' +
    'machine learning, deep learning, ai, artificial intelligence, llm, nlp, data science, computer vision, pytorch, ' +
    'tensorflow, framework, testing, wasm, webassembly, makefile, dockerfile, jupyter notebook, objective c, ' +
    'assembly, ocaml, nix, crystal, powershell, vim script, tex, scss, algorithm, algorithms, internet, buildapc',
  travel:
    'travel, traveling, travelling, tourism, backpack trip, solo travel, solotravel, digital nomad, digitalnomad, ' +
    'road trip, vanlife, flights, aviation, trains, cities, city, europe, asia, africa, japan, japantravel, maps, cruise',
  vehicles:
    'cars, car, automobiles, vehicle, vehicles, motorcycle, motorcycles, tesla, electric vehicles, bmw, trucks, ' +
    'mechanics, bike repair, bicycle, bikes, e bikes',
};
