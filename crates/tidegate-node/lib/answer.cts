/** What comes back. */

import type { Reasoning, ToolCall } from './request.cjs';

/** Tokens as the provider counted them. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens?: number;
  reasoningTokens: number;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | { other: string };

/** Why an attempt failed. */
export interface Failure {
  kind: string;
  /** How far it got: whether it may have been billed. */
  delivery: 'not_sent' | 'unknown' | 'answered';
  status: { http: number } | { exit: number } | { signal: number } | null;
  code: string | null;
  retryAfterMs: number | null;
  limitMs: number | null;
  retryAdvised: boolean | null;
}

/** What followed a failed attempt. */
export type Decision =
  | { do: 'retry'; afterMs: number }
  | { do: 'requeue'; afterMs: number; spacingMs: number }
  | { do: 'fallback' }
  | { do: 'give_up'; why: string };

/** One try at one target. */
export interface Attempt {
  number: number;
  target: string;
  started: string;
  tookMs: number;
  tokensMaybeBilled: number;
  failure: Failure | null;
  decision: Decision | null;
}

/** What a run took. */
export interface Course {
  run: string;
  target: string | null;
  usage: Usage | null;
  attempts: Attempt[];
  /** Tokens of failed attempts that may have been billed all the same: an estimate. */
  tokensMaybeBilled: number;
  rateLimits: Record<string, unknown>;
  context: { files: string[]; bytes: number; skipped: { path: string; reason: string }[]; unmatched: string[] };
  queuedMs: number;
  tookMs: number;
}

/** An answer, and what it took to get it. */
export interface Answer extends Course {
  text: string;
  reasoning: Reasoning[];
  toolCalls: ToolCall[];
  finishReason: FinishReason;
  model: string | null;
  id: string | null;
}

/** Vectors, in the order of their texts. */
export interface Embeddings extends Course {
  model: string | null;
  dimensions: number;
  vectors: Float32Array[];
}

/** What of an answer had come when it broke. */
export interface Received {
  text: string;
  reasoning?: Reasoning[];
  toolCalls?: ToolCall[];
  finishReason: FinishReason;
  model: string | null;
  id: string | null;
  usage: Usage | null;
}

/** One piece of a streamed answer. */
export type Piece =
  | { type: 'started'; id: string | null; model: string | null }
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'reasoning_end'; signature: string | null; encrypted: string | null }
  | { type: 'tool_call'; index: number; id: string | null; name: string | null; arguments: string }
  | { type: 'finished'; finishReason: FinishReason }
  | { type: 'usage'; usage: Usage };

/** Something that happened to a run. */
export type Event = { run: string; seq: number; at: string } & (
  | { type: 'run_started'; endpoint: string; targets: string[] }
  | { type: 'context_packed'; files: number; bytes: number; skipped: number }
  | { type: 'queued'; limitKey: string; ahead: number; expectedMs: number }
  | { type: 'admitted'; waitedMs: number }
  | { type: 'attempt_started'; attempt: number; target: string }
  | { type: 'first_output'; afterMs: number }
  | { type: 'attempt_failed'; attempt: number; target: string; tookMs: number; failure: Failure; decision: Decision }
  | { type: 'fell_back'; from: string; to: string }
  | { type: 'attempt_succeeded'; attempt: number; target: string; tookMs: number; usage: Usage | null }
  | { type: 'run_finished'; ok: boolean; attempts: number; tookMs: number; gaveUp: string | null }
);

/** A listener was too slow: so many events before the next were let go. */
export interface Lost {
  type: 'lost';
  events: number;
}
