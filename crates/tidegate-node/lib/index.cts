/** Tidegate: the dependable way to call LLM endpoints. */

export * from './answer.cjs';
export { TidegateError, type ErrorCode, type ErrorKind, type GaveUp } from './error.cjs';
export { Executor, type ExecutorOptions } from './executor.cjs';
export * from './request.cjs';
export { AnswerStream } from './stream.cjs';
