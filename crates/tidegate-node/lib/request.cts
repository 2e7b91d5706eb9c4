/** What can be asked. Times are milliseconds, or texts like `'90s'` and `'2m 30s'`. */

export type Time = number | string;

/** How patient a run is; what is left out is as the configuration says. */
export interface Patience {
  /** How often a failed attempt is repeated at the same target. 0 unless chosen. */
  maxRetries?: number;
  /** The delay before the first retry; it doubles with each. */
  retryBaseDelay?: Time;
  retryMaxDelay?: Time;
  /** The share of a delay left to chance, 0 to 1. */
  retryJitter?: number;
  /** The longest wait a server may ask for and be obeyed. */
  maxRetryAfter?: Time;
  /** The same while a fallback could answer. */
  fallbackAfter?: Time;
  /** Whether a request that may already have been served, and billed, is sent again. */
  resendUnknown?: boolean;
  /** Whether a streamed answer is handed over as it comes, or when it is whole and can no longer break. */
  delivery?: 'live' | 'whole';
  connectTimeout?: Time;
  firstTokenTimeout?: Time;
  idleTimeout?: Time;
  /** For one attempt as a whole. */
  timeout?: Time;
  /** For the run as a whole, waiting and retries included. */
  deadline?: Time;
  /** Stops the run: its connection is closed, its place in the queue given up. */
  signal?: AbortSignal;
}

/** Whom a run asks. */
export interface Asked {
  /** The endpoint, by its name or as `provider/model`. Without one, the configured default. */
  endpoint?: string;
  /** Another model than the endpoint's. */
  model?: string;
  /** Who goes first where a limit makes requests wait: those somebody waits for (the default), or those nobody does. */
  priority?: 'interactive' | 'batch';
}

/** A request for an answer. */
export interface RunRequest extends Asked, Patience {
  /** The user's turn; it comes after `messages`, if there are any. */
  prompt?: string;
  system?: string;
  messages?: Message[];
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  stop?: string[];
  tools?: Tool[];
  toolChoice?: 'auto' | 'none' | 'required' | { tool: string };
  parallelToolCalls?: boolean;
  /** The form the answer must have. */
  output?: { type: 'json' } | { type: 'schema'; name: string; schema: unknown; strict?: boolean };
  /** Parameters passed through to the provider as they are. */
  extra?: Record<string, unknown>;
  /** Where `@path` in the prompt is looked up. Without it, `@` is plain text. With `strict`, one that matches nothing is an error. */
  context?: { root: string; includeDirs?: string[]; namedIn?: string; strict?: boolean; allowSecrets?: boolean };
}

/** A request for vectors. */
export interface EmbedRequest extends Asked, Patience {
  inputs: string[];
  dimensions?: number;
  extra?: Record<string, unknown>;
}

/** One turn of a conversation. */
export type Message = { role: 'user' | 'assistant' } & ({ content: string } | { parts: Part[] });

/** One piece of a turn. */
export type Part =
  | { type: 'text'; text: string }
  | { type: 'image'; source: { url: string } | { data: { mediaType: string; base64: string } }; detail?: string }
  | ({ type: 'reasoning' } & Partial<Reasoning>)
  | ({ type: 'tool_call' } & ToolCall)
  | { type: 'tool_result'; call: string; parts: Part[]; isError?: boolean };

/** A stretch of a model's reasoning. */
export interface Reasoning {
  text: string;
  signature?: string;
  encrypted?: string;
}

/** A tool the model may ask for. */
export interface Tool {
  name: string;
  description?: string;
  /** The JSON Schema of its arguments. */
  parameters?: unknown;
  strict?: boolean;
}

/** A tool the model wants called. */
export interface ToolCall {
  id: string;
  name: string;
  /** As the model wrote them: meant to be a JSON object. */
  arguments: string;
}
