// For tests: every field that the official client's types know, filled in. The compiler keeps the tables complete:
// a new version of the client with a new field does not type-check until the field is here.
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionContentPart,
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
} from 'openai/resources/chat/completions'
import type { CompletionUsage } from 'openai/resources/completions'
import type { ResponseFormatJSONSchema } from 'openai/resources/shared'

/** T with every optional field present, at every depth. */
export type Complete<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Complete<Item>[]
    : { [Key in keyof T]-?: Complete<Exclude<T[Key], undefined>> }

const breakpoint = { mode: 'explicit', ttl: '30m' } as const

const schema = {
  type: 'object',
  title: 'Title',
  properties: {
    'a place/name~': { type: 'string', description: 'Where', enum: ['Oslo', 'Bergen'], default: 'Oslo', const: 'Oslo' },
    nested: {
      anyOf: [
        { type: 'array', items: { $ref: '#/$defs/thing' } },
        { pattern: '^a+$', format: 'custom' },
      ],
    },
  },
  $defs: { thing: { examples: ['one', { deep: ['two'] }], $comment: 'why' } },
  required: ['a place/name~'],
}

const parts: Complete<ChatCompletionContentPart>[] = [
  { type: 'text', text: 'Hello', prompt_cache_breakpoint: breakpoint },
  {
    type: 'image_url',
    image_url: { url: 'https://example.org/cat.png', detail: 'low' },
    prompt_cache_breakpoint: breakpoint,
  },
  { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' }, prompt_cache_breakpoint: breakpoint },
  {
    type: 'file',
    file: { file_data: 'JVBERi0=', file_id: 'file-1', filename: 'report.pdf' },
    prompt_cache_breakpoint: breakpoint,
  },
]

const text = { type: 'text', text: 'Hello', prompt_cache_breakpoint: breakpoint } as const

const messages: Complete<ChatCompletionMessageParam>[] = [
  { role: 'developer', content: [text], name: 'dev' },
  { role: 'system', content: 'Be kind.', name: 'sys' },
  { role: 'user', content: parts, name: 'ann' },
  {
    role: 'assistant',
    content: [text, { type: 'refusal', refusal: 'No.' }],
    refusal: 'No.',
    name: 'bot',
    audio: { id: 'audio_1' },
    function_call: { name: 'old', arguments: '{"a":"b"}' },
    tool_calls: [
      { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
      { id: 'call_2', type: 'custom', custom: { name: 'shell', input: 'ls' } },
    ],
  },
  { role: 'tool', content: [text], tool_call_id: 'call_1' },
  { role: 'tool', content: 'files', tool_call_id: 'call_2' },
  { role: 'function', content: 'done', name: 'old' },
]

const tools: Complete<ChatCompletionTool>[] = [
  { type: 'function', function: { name: 'weather', description: 'Weather', parameters: schema, strict: true } },
  { type: 'custom', custom: { name: 'shell', description: 'A shell', format: { type: 'text' } } },
  {
    type: 'custom',
    custom: {
      name: 'maths',
      description: 'Sums',
      format: { type: 'grammar', grammar: { definition: 'start: NUMBER', syntax: 'lark' } },
    },
  },
]

const format: Complete<ResponseFormatJSONSchema> = {
  type: 'json_schema',
  json_schema: { name: 'answer', description: 'The answer', schema, strict: true },
}

const choices: Complete<ChatCompletionToolChoiceOption>[] = [
  'required',
  { type: 'function', function: { name: 'weather' } },
  { type: 'custom', custom: { name: 'shell' } },
  {
    type: 'allowed_tools',
    allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'weather' } }] },
  },
]

const request: Complete<ChatCompletionCreateParams> = {
  model: 'gpt-4o',
  messages,
  audio: { format: 'wav', voice: { id: 'voice_1' } },
  frequency_penalty: 0.5,
  function_call: { name: 'old' },
  functions: [{ name: 'old', description: 'Old', parameters: schema }],
  logit_bias: { '1734': -100 },
  logprobs: true,
  max_completion_tokens: 100,
  max_tokens: 200,
  metadata: { project: 'blue' },
  modalities: ['text', 'audio'],
  moderation: { model: 'omni-moderation', policy: { input: { mode: 'score' }, output: { mode: 'block' } } },
  n: 2,
  parallel_tool_calls: true,
  prediction: { type: 'content', content: [text] },
  presence_penalty: 0.5,
  prompt_cache_key: 'cache-1',
  prompt_cache_options: { mode: 'implicit', ttl: '30m' },
  prompt_cache_retention: '24h',
  reasoning_effort: 'low',
  response_format: format,
  safety_identifier: 'user-1',
  seed: 7,
  service_tier: 'auto',
  stop: ['END'],
  store: true,
  stream: false,
  stream_options: { include_obfuscation: true, include_usage: true },
  temperature: 1,
  tool_choice: 'auto',
  tools,
  top_logprobs: 2,
  top_p: 1,
  user: 'user-1',
  verbosity: 'low',
  web_search_options: {
    search_context_size: 'low',
    user_location: {
      type: 'approximate',
      approximate: { city: 'Oslo', country: 'NO', region: 'Oslo', timezone: 'Europe/Oslo' },
    },
  },
}

/** Requests that together have every field and every variant. */
const requests: object[] = [
  request,
  ...choices.map((tool_choice) => ({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }], tool_choice })),
  {
    model: 'gpt-4o',
    messages: [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0=' } }] },
    ],
    function_call: 'auto',
    stop: 'END',
    prediction: { type: 'content', content: 'Hello' },
    response_format: { type: 'json_object' },
    audio: { format: 'wav', voice: 'alloy' },
  },
]

const moderation: Complete<ChatCompletion.Moderation> = {
  input: { code: 'failed', message: 'It failed', type: 'error' },
  output: {
    model: 'omni',
    type: 'moderation_results',
    results: [
      {
        categories: { violence: false },
        category_applied_input_types: { violence: ['text'] },
        category_scores: { violence: 0.1 },
        flagged: false,
        model: 'omni',
        type: 'moderation_result',
      },
    ],
  },
}

export const usage: Complete<CompletionUsage> = {
  prompt_tokens: 10,
  completion_tokens: 20,
  total_tokens: 30,
  completion_tokens_details: {
    accepted_prediction_tokens: 1,
    audio_tokens: 1,
    reasoning_tokens: 1,
    rejected_prediction_tokens: 1,
    text_tokens: 1,
  },
  prompt_tokens_details: { audio_tokens: 1, cache_write_tokens: 1, cached_tokens: 4, image_tokens: 1, text_tokens: 1 },
}

const logprobs = {
  content: [
    { token: 'Hi', bytes: [72, 105], logprob: -0.1, top_logprobs: [{ token: 'Ho', bytes: null, logprob: -2 }] },
  ],
  refusal: [{ token: 'No.', bytes: null, logprob: -0.1, top_logprobs: [] }],
}

const answer: Complete<ChatCompletion> = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-4o-2024-08-06',
  metadata: { project: 'blue' },
  moderation,
  service_tier: 'default',
  system_fingerprint: 'fp_1',
  usage,
  choices: [
    {
      index: 0,
      finish_reason: 'stop',
      logprobs,
      message: {
        role: 'assistant',
        content: 'Hi',
        refusal: 'No.',
        annotations: [
          {
            type: 'url_citation',
            url_citation: { start_index: 0, end_index: 2, title: 'A page', url: 'https://a.example' },
          },
        ],
        audio: { id: 'audio_1', data: 'UklGRg==', expires_at: 1_700_000_000, transcript: 'Hi' },
        function_call: { name: 'old', arguments: '{"a":"b"}' },
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: 'call_2', type: 'custom', custom: { name: 'shell', input: 'ls' } },
        ],
      },
    },
  ],
}

const chunk: Complete<ChatCompletionChunk> = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'gpt-4o-2024-08-06',
  moderation,
  obfuscation: 'x8Jk2',
  service_tier: 'default',
  system_fingerprint: 'fp_1',
  usage,
  choices: [
    {
      index: 1,
      finish_reason: 'stop',
      logprobs,
      delta: {
        role: 'assistant',
        content: 'Hi',
        refusal: 'No.',
        audio: { id: 'audio_1', data: 'UklGRg==', expires_at: 1_700_000_000, transcript: 'Hi' },
        function_call: { name: 'old', arguments: '{"a":' },
        tool_calls: [
          {
            index: 0,
            id: 'call_1',
            type: 'function',
            function: { name: 'weather', arguments: '{"ci' },
            custom: { name: 'shell', input: 'l' },
          },
        ],
      },
    },
  ],
}

/** Answers and chunks with every field, and some that only other vendors send. */
const answers: object[] = [answer, { error: { message: 'Bad', type: 'x', param: null, code: 'bad' } }]
const chunks: object[] = [
  chunk,
  {
    id: 'x',
    choices: [{ index: 0, delta: { reasoning_content: 'Hm', reasoning_details: [{ type: 'text', text: 'Hm' }] } }],
  },
]

export const chat = { requests, answers, chunks }
