// For tests: every field of plain completions and of embeddings, filled in, as every-field.ts does for chat.
import type { Completion, CompletionCreateParams } from 'openai/resources/completions'
import type { CreateEmbeddingResponse, EmbeddingCreateParams } from 'openai/resources/embeddings'
import { type Complete, usage } from './every-field.ts'

const completionsRequest: Complete<CompletionCreateParams> = {
  model: 'gpt-3.5-turbo-instruct',
  prompt: ['Hello', 'Goodbye'],
  best_of: 3,
  echo: true,
  frequency_penalty: 0.5,
  logit_bias: { '50256': -100 },
  logprobs: 2,
  max_tokens: 100,
  n: 2,
  presence_penalty: 0.5,
  seed: 7,
  stop: ['END'],
  stream: false,
  stream_options: { include_obfuscation: true, include_usage: true },
  suffix: 'The end',
  temperature: 1,
  top_p: 1,
  user: 'user-1',
}

const completion: Complete<Completion> = {
  id: 'cmpl-1',
  object: 'text_completion',
  created: 1_700_000_000,
  model: 'gpt-3.5-turbo-instruct',
  system_fingerprint: 'fp_1',
  usage,
  choices: [
    {
      index: 0,
      finish_reason: 'stop',
      text: 'Hi you',
      logprobs: {
        text_offset: [0, 2],
        token_logprobs: [-0.1, -0.2],
        tokens: ['Hi', ' you'],
        top_logprobs: [
          { Hi: -0.1, Ho: -2 },
          { ' you': -0.2, they: -3 },
        ],
      },
    },
  ],
}

/** A stream's chunks have the fields of a whole answer. */
const { choices, ...envelope } = completion
const chunk = { ...envelope, choices: choices.map((choice) => ({ ...choice, index: 1 })) }

export const completions = {
  requests: [
    completionsRequest,
    { model: 'm', prompt: 'Hello', stop: 'END' },
    { model: 'm', prompt: [15496, 11] },
    { model: 'm', prompt: [[15496], [11, 995]] },
  ],
  answers: [completion],
  chunks: [chunk],
}

const embeddingsRequest: Complete<EmbeddingCreateParams> = {
  model: 'text-embedding-3-small',
  input: ['Hello', 'Goodbye'],
  dimensions: 4,
  encoding_format: 'base64',
  user: 'user-1',
}

const embeddingsAnswer: Complete<CreateEmbeddingResponse> = {
  object: 'list',
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 2, total_tokens: 2 },
  data: [
    { object: 'embedding', index: 0, embedding: [0.5, -1e-3, 12] },
    { object: 'embedding', index: 1, embedding: [] },
  ],
}

export const embeddings = {
  requests: [
    embeddingsRequest,
    { model: 'm', input: 'Hello' },
    { model: 'm', input: [15496, 11] },
    { model: 'm', input: [[15496], [11, 995]] },
  ],
  answers: [
    embeddingsAnswer,
    { ...embeddingsAnswer, data: [{ object: 'embedding', index: 0, embedding: 'AAAAPwAAgL4=' }] },
  ],
  chunks: [],
}
