interface TraitCues {
  name: string;
  /** Other words by which cards declare it. */
  also: string;
  cues: RegExp;
}

/** Traits that can be told from words, with what shows them. English. */
export const TRAITS: readonly TraitCues[] = [
  {
    name: 'warm',
    also: 'kind caring gentle friendly loving affectionate compassionate motherly nurturing sweet',
    cues: /\b(?:dear|friend|welcome|hug\w*|warm\w*|gentl[ey]|smil\w*|glad|care|safe|sweet\w*|comfort\w*)\b/gi,
  },
  {
    name: 'cheerful',
    also: 'happy joyful bubbly optimistic sunny energetic lively enthusiastic',
    cues: /!|\b(?:yay|wonderful|fun|great|laugh\w*|happy|delight\w*|cheer\w*|giggl\w*|grin\w*|bright\w*)\b/gi,
  },
  {
    name: 'curious',
    also: 'inquisitive nosy wondering questioning',
    cues: /\?|\b(?:wonder\w*|curious\w*|tell me|what if|why|how come|interesting|lean\w* (?:in|closer))\b/gi,
  },
  {
    name: 'formal',
    also: 'polite proper courteous refined dignified stately noble',
    cues: /\b(?:sir|madam|milord|milady|indeed|shall|pray|certainly|pardon|permit me|i beg|honou?red|would you kindly|bow\w*)\b/gi,
  },
  {
    name: 'sarcastic',
    also: 'sardonic snarky cynical dry ironic witty mocking',
    cues: /\b(?:oh,? (?:great|please|really|sure)|obviously|as if|how (?:original|charming)|what a surprise|roll\w* (?:his|her|their|my)? ?eyes|smirk\w*|scoff\w*)\b/gi,
  },
  {
    name: 'shy',
    also: 'timid bashful nervous reserved quiet introverted anxious',
    cues: /\b(?:um+|uh+|er+m?|i-i|maybe|perhaps|sorry|blush\w*|look\w* (?:away|down)|whisper\w*|fidget\w*|hesita\w*)\b|…|\.{3}/gi,
  },
  {
    name: 'confident',
    also: 'bold proud assertive brave fearless self-assured commanding strong',
    cues: /\b(?:of course|trust me|i (?:will|always|never)|no doubt|follow me|leave it to me|watch me|certain\w*|chin (?:up|raised)|stand\w* tall)\b/gi,
  },
  {
    name: 'playful',
    also: 'teasing mischievous silly flirty flirtatious cheeky whimsical impish',
    cues: /\b(?:tease\w*|teasing|wink\w*|game|play\w*|silly|guess|catch me|bet|prank\w*|chuckl\w*|nudg\w*)\b|~/gi,
  },
  {
    name: 'wise',
    also: 'sage thoughtful philosophical patient calm old knowledgeable',
    cues: /\b(?:remember|patien\w+|time will|years|learn\w*|truth|wisdom|listen|once (?:told|said|knew)|in the end|nod\w* slowly)\b/gi,
  },
  {
    name: 'gloomy',
    also: 'melancholic melancholy sad brooding dark pessimistic moody lonely',
    cues: /\b(?:alone|lonely|rain\w*|dark\w*|sigh\w*|lost|nothing|never again|grave\w*|sorrow\w*|grey|gray|empty|tears?)\b/gi,
  },
  {
    name: 'blunt',
    also: 'direct rude gruff grumpy harsh stern cold stoic',
    cues: /\b(?:no\.|enough|stop|nonsense|hmph|grunt\w*|get to the point|whatever|fine\.|what do you want|don(?:'|’)?t waste)\b/gi,
  },
  {
    name: 'poetic',
    also: 'dreamy romantic lyrical artistic imaginative',
    cues: /\b(?:like (?:a|the)|as if|moon\w*|star\w*|sea|song|dream\w*|whisper\w*|light|shadow\w*|wind|heart)\b/gi,
  },
];

/** The tone that goes with the clearest trait. */
export const TONE_OF: Readonly<Record<string, string>> = {
  warm: 'warm',
  cheerful: 'bright',
  curious: 'interested',
  formal: 'formal',
  sarcastic: 'ironic',
  shy: 'hesitant',
  confident: 'assured',
  playful: 'teasing',
  wise: 'measured',
  gloomy: 'dark',
  blunt: 'terse',
  poetic: 'lyrical',
};
