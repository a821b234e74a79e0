/** A tool of a native service: what clients are told of it, and what it does. */
import type { ContentBlock, RequestId, Tool as ToolDefinition } from '@modelcontextprotocol/server';
import * as z from 'zod';

export interface ToolResult {
  /** For people and models. */
  text: string;
  /** The same for programs (`structuredContent`). */
  data?: Record<string, unknown>;
  /** True when the tool could not do what was asked (`isError`). */
  failed?: boolean;
  /** What comes behind the text, such as images. */
  content?: ContentBlock[];
}

/** What a tool that takes its time wants to know of the one request that it answers. */
export interface ToolRequest {
  id: RequestId;
  /** Tells the client how far it is; undefined where the client did not ask to be told. */
  progress?: (progress: { progress: number; total?: number; message?: string }) => void;
}

export interface ToolSpec<Input extends z.ZodObject, Call> {
  name: string;
  title: string;
  description: string;
  input: Input;
  /** What `data` of its results is like, where clients are told. */
  output?: z.ZodObject;
  /** @param call everything the tool may know of the request and the service; nothing is read from elsewhere */
  handle(args: z.output<Input>, call: Call, request: ToolRequest): ToolResult | Promise<ToolResult>;
}

export interface Tool<Call> {
  /** Made once: the schema is not converted again for each request. */
  readonly definition: ToolDefinition;
  /** Validates `args` (a fault is a failed result that names the field) and runs the tool. */
  run(args: unknown, call: Call, request: ToolRequest): ToolResult | Promise<ToolResult>;
}

/** What a tool may do to the world (MCP `ToolAnnotations`, but for the title); clients ask people before some of it. */
export type ToolHints = Required<Omit<NonNullable<ToolDefinition['annotations']>, 'title'>>;

export function defineTool<Input extends z.ZodObject, Call>(
  spec: ToolSpec<Input, Call>,
  hints: ToolHints,
): Tool<Call> {
  const { name, title, description, input, output } = spec;
  return {
    definition: {
      name,
      title,
      description,
      inputSchema: z.toJSONSchema(input, { io: 'input' }) as ToolDefinition['inputSchema'],
      ...(output !== undefined && {
        outputSchema: z.toJSONSchema(output, { io: 'input' }),
      }),
      annotations: { title, ...hints },
    },
    run(args, call, request) {
      const parsed = input.safeParse(args ?? {});
      if (parsed.success) return spec.handle(parsed.data, call, request);
      return { text: `Invalid arguments for ${name}:\n${z.prettifyError(parsed.error)}`, failed: true };
    },
  };
}

const LOOKS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/** Makes a tool that only looks: the diagnostics change nothing outside their own session. */
export function defineReadOnlyTool<Input extends z.ZodObject, Call>(spec: ToolSpec<Input, Call>): Tool<Call> {
  return defineTool(spec, LOOKS);
}
