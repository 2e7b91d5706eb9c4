/** What can be asked. Times are milliseconds, or texts like `'90s'` and `'2m 30s'`. */

export type Time = number | string;

/** How patient a run is; what is left out is as the configuration says. */
export interface Patience {
  /** How often a failed attempt is repeated at the same target. 0 unless chosen. */
  maxRetries?: number | undefined;
  /** The delay before the first retry; it doubles with each. */
  retryBaseDelay?: Time | undefined;
  retryMaxDelay?: Time | undefined;
  /** The share of a delay left to chance, 0 to 1. */
  retryJitter?: number | undefined;
  /** The longest wait a server may ask for and be obeyed. */
  maxRetryAfter?: Time | undefined;
  /** The same while a fallback could answer. */
  fallbackAfter?: Time | undefined;
  /** Whether a request that may already have been served, and billed, is sent again. */
  resendUnknown?: boolean | undefined;
  /** Whether a streamed answer is handed over as it comes, or when it is whole and can no longer break. */
  delivery?: 'live' | 'whole' | undefined;
  connectTimeout?: Time | undefined;
  firstTokenTimeout?: Time | undefined;
  idleTimeout?: Time | undefined;
  /** For one attempt as a whole. */
  timeout?: Time | undefined;
  /** For the run as a whole, waiting and retries included. */
  deadline?: Time | undefined;
  /** Stops the run: its connection is closed, its place in the queue given up. */
  signal?: AbortSignal | undefined;
}

/** Whom a run asks. */
export interface Asked {
  /** The endpoint, by its name or as `provider/model`. Without one, the configured default. */
  endpoint?: string | undefined;
  /** Another model than the endpoint's. */
  model?: string | undefined;
  /** Who goes first where a limit makes requests wait: those somebody waits for (the default), or those nobody does. */
  priority?: 'interactive' | 'batch' | undefined;
}

/** A request for an answer. */
export interface RunRequest extends Asked, Patience {
  /** The user's turn; it comes after `messages`, if there are any. */
  prompt?: string | undefined;
  system?: string | undefined;
  messages?: Message[] | undefined;
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  topP?: number | undefined;
  topK?: number | undefined;
  seed?: number | undefined;
  frequencyPenalty?: number | undefined;
  presencePenalty?: number | undefined;
  stop?: string[] | undefined;
  tools?: Tool[] | undefined;
  toolChoice?: 'auto' | 'none' | 'required' | { tool: string } | undefined;
  parallelToolCalls?: boolean | undefined;
  /** The form the answer must have. */
  output?: { type: 'json' } | { type: 'schema'; name: string; schema: unknown; strict?: boolean | undefined } | undefined;
  /** Parameters passed through to the provider as they are. */
  extra?: Record<string, unknown> | undefined;
  /** Where `@path` in the prompt is looked up. Without it, `@` is plain text. With `strict`, one that matches nothing is an error. */
  context?: Files | undefined;
}

/** Where files are looked up. */
export interface Files {
  root: string;
  includeDirs?: string[] | undefined;
  namedIn?: string | undefined;
  strict?: boolean | undefined;
  allowSecrets?: boolean | undefined;
}

/** A request for vectors. */
export interface EmbedRequest extends Asked, Patience {
  inputs: string[];
  dimensions?: number | undefined;
  extra?: Record<string, unknown> | undefined;
}

/** One turn of a conversation. */
export type Message = { role: 'user' | 'assistant' } & ({ content: string } | { parts: Part[] });

/** One piece of a turn. */
export type Part =
  | { type: 'text'; text: string }
  | { type: 'image'; source: { url: string } | { data: { mediaType: string; base64: string } }; detail?: string | undefined }
  | ({ type: 'reasoning' } & Partial<Reasoning>)
  | ({ type: 'tool_call' } & ToolCall)
  | { type: 'tool_result'; call: string; parts: Part[]; isError?: boolean | undefined };

/** A stretch of a model's reasoning. */
export interface Reasoning {
  text: string;
  signature?: string | undefined;
  encrypted?: string | undefined;
}

/** A tool the model may ask for. */
export interface Tool {
  name: string;
  description?: string | undefined;
  /** The JSON Schema of its arguments. */
  parameters?: unknown;
  strict?: boolean | undefined;
}

/** A tool the model wants called. */
export interface ToolCall {
  id: string;
  name: string;
  /** As the model wrote them: meant to be a JSON object. */
  arguments: string;
}
