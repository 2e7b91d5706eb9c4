/** Tidegate for `import`: the same classes that `require` gets. */

export { AnswerStream, Executor, TidegateError } from './index.cjs';
export type * from './index.cjs';
