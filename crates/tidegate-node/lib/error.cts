/** The error that runs end with. */

import type { Attempt, Received } from './answer.cjs';
import { words } from './written.cjs';

/** What went wrong: the last attempt's failure, or why there was none. */
export type ErrorKind =
  | 'options' | 'config' | 'credentials' | 'context' | 'internal'
  | 'rate_limited' | 'overloaded' | 'server_error' | 'not_started' | 'unreachable' | 'disconnected'
  | 'connect_timeout' | 'first_token_timeout' | 'idle_timeout' | 'attempt_timeout' | 'run_timeout'
  | 'stream_broken' | 'malformed' | 'output_too_large' | 'auth_failed' | 'permission_denied' | 'quota_exhausted'
  | 'not_found' | 'request_too_large' | 'context_too_long' | 'content_filtered' | 'invalid_request' | 'unsupported'
  | 'command_not_found' | 'command_failed';

/** Why a run stopped trying. */
export type GaveUp =
  | 'permanent' | 'attempts_exhausted' | 'deadline_too_close' | 'server_asked_too_long' | 'output_started'
  | 'budget_exhausted' | 'resend_forbidden';

export type ErrorCode =
  | 'ERR_TIDEGATE_OPTIONS' | 'ERR_TIDEGATE_CONFIG' | 'ERR_TIDEGATE_CREDENTIALS' | 'ERR_TIDEGATE_CONTEXT'
  | 'ERR_TIDEGATE_LIMIT' | 'ERR_TIDEGATE_TIME' | 'ERR_TIDEGATE_PROVIDER' | 'ERR_TIDEGATE_REFUSED'
  | 'ERR_TIDEGATE_INTERNAL';

interface Problem {
  code: ErrorCode;
  kind: ErrorKind;
  message: string;
  gaveUp: GaveUp | null;
  attempts: number;
  status: number | null;
  retryAfterMs: number | null;
  detail: string | null;
  received: Received | null;
  tries: Attempt[];
}

/** Why a run has no answer. Its message is one line that tells the whole story, without prompt or key. */
export class TidegateError extends Error {
  override readonly name = 'TidegateError';
  /** Sorted as the command's exit codes are. */
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  /** `null` when the run never began. */
  readonly gaveUp: GaveUp | null;
  /** How many attempts were made. */
  readonly attempts: number;
  /** The HTTP status or exit code that the last failure came with. */
  readonly status: number | null;
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | null;
  /** The provider's own words. They may echo the prompt. */
  readonly detail: string | null;
  /** What of the answer had come when it broke. */
  readonly received: Received | null;
  /** Every attempt, in order. */
  readonly tries: readonly Attempt[];

  /** @internal */
  constructor(problem: Problem, cause?: ErrorOptions) {
    super(problem.message, cause);
    this.code = problem.code;
    this.kind = problem.kind;
    this.gaveUp = problem.gaveUp;
    this.attempts = problem.attempts;
    this.status = problem.status;
    this.retryAfterMs = problem.retryAfterMs;
    this.detail = problem.detail;
    this.received = problem.received;
    this.tries = problem.tries;
  }

  /** @internal */
  static of(problem: unknown): TidegateError {
    return new TidegateError(problem as Problem);
  }

  /** @internal Options that the engine never got to see. */
  static options(cause: unknown): TidegateError {
    const none = { gaveUp: null, attempts: 0, status: null, retryAfterMs: null, detail: null, received: null, tries: [] };
    return new TidegateError({ ...none, code: 'ERR_TIDEGATE_OPTIONS', kind: 'options', message: words(cause) }, { cause });
  }
}
