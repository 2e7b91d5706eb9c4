/** The drop-in for `import`: the same one that `require` gets, however often and under whatever query it is imported. */

export { executeLiteLLMEndpoint, extractPatterns } from './litellm-executor.cjs';
export type { CliOutputUnit, LiteLLMExecutionOptions, LiteLLMExecutionResult } from './litellm-executor.cjs';
